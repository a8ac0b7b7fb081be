/**
 * A text from a file, such as a name, for one line of a terminal: control characters, and those that turn the direction of writing,
 * are spelt out.
 */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
}
