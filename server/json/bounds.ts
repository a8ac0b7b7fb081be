/** What a JSON text is made of, from one look at its characters: no value is made, and nothing calls itself. */

export interface JsonBounds {
  /** Brackets inside of brackets. */
  readonly depth: number;
  /** Values, as far as commas and opening brackets tell. */
  readonly values: number;
}

/**
 * Where a text goes beyond its bounds; null where it does not. Comments are skipped, and a string ends with its line, as the tolerant
 * parser has it; a strict one stops where that makes a difference.
 */
export function beyondBounds(
  text: string,
  { depth, values }: JsonBounds,
): { what: keyof JsonBounds; offset: number } | null {
  let open = 0;
  let found = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = stringEnd(text, at);
        break;
      case SLASH:
        at = commentEnd(text, at);
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (++open > depth) return { what: 'depth', offset: at };
        if (++found > values) return { what: 'values', offset: at };
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        open = Math.max(0, open - 1);
        break;
      case COMMA:
        if (++found > values) return { what: 'values', offset: at };
    }
  }
  return null;
}

const [QUOTE, SLASH, STAR, BACKSLASH, COMMA] = [0x22, 0x2f, 0x2a, 0x5c, 0x2c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];
const [LINE_FEED, CARRIAGE_RETURN] = [0x0a, 0x0d];

/** Where the string ends that begins there: at its quote, or with the line. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === QUOTE) return at;
    if (c === LINE_FEED || c === CARRIAGE_RETURN) return at;
    if (c === BACKSLASH) at++;
  }
  return text.length;
}

/** Where a comment ends that begins there; the same place where none does. */
function commentEnd(text: string, start: number): number {
  const next = text.charCodeAt(start + 1);
  if (next === STAR) {
    const end = text.indexOf('*/', start + 2);
    return end < 0 ? text.length : end + 1;
  }
  if (next !== SLASH) return start;
  for (let at = start; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === LINE_FEED || c === CARRIAGE_RETURN) return at;
  }
  return text.length;
}

/** Line and column of an offset, both from 1. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let start = 0;
  for (let at = 0; at < offset; at++) {
    const c = text.charCodeAt(at);
    if (c !== LINE_FEED && c !== CARRIAGE_RETURN) continue;
    if (c === CARRIAGE_RETURN && at + 1 < offset && text.charCodeAt(at + 1) === LINE_FEED) at++;
    line++;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}
