/** One argument of a shell command, in quotes where it needs them. */
export function shellWord(value: string): string {
  const word = visible(value).replace(/^-/, './-');
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** What is not seen, breaks lines or turns the reading direction, named instead of done. */
export function visible(value: string): string {
  return value
    .replace(/[\r\n\t]+/g, ' ')
    .replace(
      /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu,
      (c) => `⟨U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`,
    );
}
