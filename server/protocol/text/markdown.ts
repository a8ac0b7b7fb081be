import { plain } from './plain';

/**
 * Text of unknown origin inside of Markdown that a forge renders. Nothing of it may become markup, a link, a mention, a reference to
 * an issue or commit, an emoji or a formula, end a table's cell, or hide. What is written by Fine-Prune itself stays readable.
 */

/** Joins without being seen: mentions, references and links are recognised across nothing else. */
const JOINER = '\u2060';
const MOST_TEXT = 2000;
const MOST_CODE = 300;

/** A text for a paragraph, a list item or a table's cell. Never the first thing on a line: a line's beginning has a meaning of its own. */
export function text(value: string): string {
  const shown = plain(value, MOST_TEXT);
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
  const shown = plain(value, MOST_CODE);
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
