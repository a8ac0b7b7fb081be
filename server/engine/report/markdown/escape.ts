import { canonicalJson } from '../../files/hash';
import { visible } from '../../files/shell-word';

/**
 * Text of unknown origin inside of Markdown that a forge renders. Nothing of it may become markup, a link, a mention, a reference to
 * an issue or commit, an emoji or a formula, end a table's cell, or hide. What is written by Fine-Prune itself stays readable.
 */

/** Joins without being seen: mentions, references and links are recognised across nothing else. */
const JOINER = '\u2060';
const MOST_TEXT = 2000;
const MOST_CODE = 300;
const MOST_ITEMS = 100;

/** A text for a paragraph, a list item or a table's cell. Never the first thing on a line: a line's beginning has a meaning of its own. */
export function text(value: string): string {
  const shown = visible(cut(value, MOST_TEXT));
  if (shown.trim() === '') return '(empty)';
  return (
    shown
      .replace(/[\\`*_[\]{}~#]/g, '\\$&')
      .replace(/&/g, '&amp;')
      // Before a blank it begins nothing: `p < 0.01` stays readable.
      .replace(/<(?! )/g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/\|/g, '&#124;')
      .replace(/\$/g, '&#36;')
      // Mentions, issues, merge requests, milestones, labels; e-mail addresses with them.
      .replace(/(@|#|!|%|~|&amp;|&#36;)(?=[\p{L}\p{N}_"-])/gu, `$1${JOINER}`)
      .replace(/\b(GH-)(?=\d)/gi, `$1${JOINER}`)
      .replace(/:(?=\/\/|[\w+-]+:)/g, `:${JOINER}`)
      .replace(/\b(www|mailto:|xmpp:)(?=[.\p{L}\p{N}_])/giu, `$1${JOINER}`)
      // What looks like the hash of a commit: hexadecimal digits, letters and figures mixed.
      .replace(
        /(?<![\p{L}\p{N}])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)([0-9a-f]{6})(?=[0-9a-f]+(?![\p{L}\p{N}]))/giu,
        `$1${JOINER}`,
      )
  );
}

/** A name, path or hash as code, which forges leave alone. @param cell whether it is in a table, where `|` ends a cell even in code */
export function code(value: string, cell = false): string {
  const shown = visible(cut(value, MOST_CODE));
  if (shown.trim() === '') return '(empty)';
  if (cell && shown.includes('|')) return text(value);
  const longest = Math.max(0, ...(shown.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^[` ]|[` ]$/.test(shown) ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}

/** A block of code; the fence is longer than any run of backticks in it. */
export function fenced(language: string, content: string): string {
  const longest = Math.max(2, ...(content.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${content}\n${fence}`;
}

/** JSON for a block of code, keys sorted: a report just made and one that was read give the same text; what is long is cut. Characters that are not seen, or turn the reading direction, are written as escapes. */
export function json(value: unknown): string {
  const short = (_key: string, inner: unknown): unknown => {
    if (typeof inner === 'string') return cut(inner, MOST_CODE);
    return Array.isArray(inner) && inner.length > MOST_ITEMS
      ? [...inner.slice(0, MOST_ITEMS), `… and ${inner.length - MOST_ITEMS} more`]
      : inner;
  };
  return JSON.stringify(JSON.parse(canonicalJson(value)), short, 2).replace(
    /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu,
    escaped,
  );
}

function cut(value: string, most: number): string {
  return value.length > most ? `${value.slice(0, most - 1)}…` : value;
}

function escaped(c: string): string {
  return Array.from({ length: c.length }, (_, i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`).join('');
}
