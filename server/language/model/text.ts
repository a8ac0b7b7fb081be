import type { Range } from 'vscode-languageserver-types';
import type { TextDocument } from 'vscode-languageserver-textdocument';

/** Finds places in the text of a model without parsing it: it may be one line of many megabytes. */

/** A model that is a text, and where its format names layers in it. */
export interface ModelText {
  readonly document: TextDocument;
  /** `ModelFormat.layerSpan`. Undefined where the text does not name the layer. */
  layerSpan(text: string, layer: string): { offset: number; length: number } | undefined;
}

/** The opening brace: where lenses and diagnostics about the whole model stand. */
export function modelTop(document: TextDocument): Range {
  const brace = Math.max(0, document.getText().indexOf('{'));
  return { start: document.positionAt(brace), end: document.positionAt(brace + 1) };
}

/** The range of a layer's name, or the top when the text does not name it. */
export function layerRange({ document, layerSpan }: ModelText, name: string): Range {
  const span = layerSpan(document.getText(), name);
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
