/**
 * Texts from outside, such as names of files, layers and fields, made safe to show. A text that says of itself where it ends, which way
 * it runs or what colour it has is no text any more but an instruction to whoever shows it: each such character is spelt out.
 */

/**
 * What is not seen or steers what is seen: control characters and escapes, formats (turning of the reading direction, zero width), line
 * and paragraph separators, halves of pairs, private use, what fonts leave out (variation selectors, fillers), no characters at all.
 * A selector behind a pictograph belongs to it.
 */
const UNSEEN =
  /(?<!\p{Extended_Pictographic})\uFE0F|(?!\uFE0F)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

/** Most characters of a name within a sentence. */
export const MOST_NAME = 120;
/** Most characters of a sentence that names something. */
export const MOST_SENTENCE = 1_000;

/** Every character that is not seen, or steers, spelt out: `⟨U+001B⟩`. One line comes out. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (c) => `⟨U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

/** A sentence with names from outside, for one line of any view: blanks for its line breaks, and at most `most` characters, cut in the middle. */
export function plain(text: string, most = MOST_SENTENCE): string {
  return shortened(text, most, (part) => visible(part.replace(/[ \t]*[\r\n\t]+[ \t]*/g, ' ')));
}

/** A name from outside within a sentence: what is not seen is spelt out, line breaks as well, and the middle of a long one left out. */
export function named(text: string, most = MOST_NAME): string {
  return shortened(text, most, visible);
}

/** A text of several lines, such as a log, a stack or a page of a terminal, in which only line breaks and tabs steer. */
export function plainLines(text: string): string {
  return text.replace(/\r\n/g, '\n').replace(/[^\n\t\u2060]+/g, visible);
}

/** Shows a text, or its two ends and its length. What comes out has at most `most` characters, and comes out of a second call unchanged. */
function shortened(text: string, most: number, show: (part: string) => string): string {
  // Of a text of megabytes only the ends are looked at.
  if (text.length <= 2 * most) {
    const shown = show(text);
    if (shown.length <= most) return shown;
  }
  const between = `… (${text.length} characters) …`;
  const room = Math.max(2, most - between.length);
  const tail = Math.floor(room / 3);
  const head = show(ending(text.slice(0, room))).slice(0, room - tail);
  const last = show(beginning(text.slice(-room))).slice(-tail);
  return `${ending(head)}${between}${beginning(last)}`;
}

/** Without half of a pair at the end. */
const ending = (text: string): string => text.replace(/[\uD800-\uDBFF]$/, '');
/** Without half of a pair at the beginning. */
const beginning = (text: string): string => text.replace(/^[\uDC00-\uDFFF]/, '');
