import type { Range } from 'vscode-languageserver-types';
import type { TextDocument } from 'vscode-languageserver-textdocument';

/**
 * Finds places in the text of a model.json without parsing it: TF.js writes one line, which may be many megabytes long, and
 * searching for a string is a hundred times faster than scanning every token.
 */

/** The name of a layer where the topology gives it (`"name": "dense_1"`), quotes included; also as Python spells it, `"gr\u00f6\u00dfe"`. */
export function layerNameSpan(text: string, name: string): { offset: number; length: number } | undefined {
  const quoted = JSON.stringify(name);
  for (const spelling of new Set([quoted, escaped(quoted)])) {
    for (let at = text.indexOf(spelling); at >= 0; at = text.indexOf(spelling, at + 1)) {
      // Other places give the same word as a list entry (inbound nodes) or as the value of another key.
      if (/"name"\s*:\s*$/.test(text.slice(Math.max(0, at - 32), at))) return { offset: at, length: spelling.length };
    }
  }
  return undefined;
}

/** JSON in ASCII alone, as Python writes it. */
function escaped(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The opening brace: where lenses and diagnostics about the whole model stand. */
export function modelTop(document: TextDocument): Range {
  const brace = Math.max(0, document.getText().indexOf('{'));
  return { start: document.positionAt(brace), end: document.positionAt(brace + 1) };
}

/** The range of a layer's name, or the top when the text does not spell it like this. */
export function layerRange(document: TextDocument, name: string): Range {
  const span = layerNameSpan(document.getText(), name);
  return span
    ? { start: document.positionAt(span.offset), end: document.positionAt(span.offset + span.length) }
    : modelTop(document);
}

/** Longest text of a name in JSON: each of its 200 characters may be written as two escapes. */
const LONGEST_SPELLING = 2 + 200 * 12;

/** The string that an offset lies in, when it is short enough to be a name; `offset` and `length` take in its quotes. */
export function stringAround(
  text: string,
  offset: number,
): { value: string; offset: number; length: number } | undefined {
  const from = quoteFrom(text, offset - 1, -1);
  const to = quoteFrom(text, offset, 1);
  if (from === undefined || to === undefined || to - from > LONGEST_SPELLING) return undefined;
  const spelling = text.slice(from, to + 1);
  return { value: unescaped(spelling), offset: from, length: spelling.length };
}

/** The nearest quote in a direction that no backslash makes part of a string. */
function quoteFrom(text: string, start: number, direction: 1 | -1): number | undefined {
  const next = (from: number): number =>
    direction === 1 ? text.indexOf('"', from) : from < 0 ? -1 : text.lastIndexOf('"', from);
  for (let at = next(start); at >= 0 && Math.abs(at - start) <= LONGEST_SPELLING; at = next(at + direction)) {
    let backslashes = 0;
    while (text[at - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return undefined;
}

function unescaped(spelling: string): string {
  try {
    return JSON.parse(spelling) as string;
  } catch {
    return spelling.slice(1, -1);
  }
}
