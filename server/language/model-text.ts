import type { Range } from 'vscode-languageserver-types';
import type { TextDocument } from 'vscode-languageserver-textdocument';

/**
 * Finds places in the text of a model.json without parsing it: TF.js writes one line, which may be many megabytes long, and
 * searching for a string is a hundred times faster than scanning every token.
 */

/** The name of a layer where the topology gives it (`"name": "dense_1"`), quotes included. */
export function layerNameSpan(text: string, name: string): { offset: number; length: number } | undefined {
  const quoted = JSON.stringify(name);
  for (let at = text.indexOf(quoted); at >= 0; at = text.indexOf(quoted, at + 1)) {
    // Other places give the same word as a list entry (inbound nodes) or as the value of another key.
    if (/"name"\s*:\s*$/.test(text.slice(Math.max(0, at - 32), at))) return { offset: at, length: quoted.length };
  }
  return undefined;
}

/** The opening brace: where lenses and diagnostics about the whole model stand. */
export function modelTop(document: TextDocument): Range {
  const brace = Math.max(0, document.getText().indexOf('{'));
  return { start: document.positionAt(brace), end: document.positionAt(brace + 1) };
}

/** The range of a layer's name, or the top when the text does not spell it like this. */
export function layerRange(document: TextDocument, name: string): Range {
  const span = layerNameSpan(document.getText(), name);
  return span ? { start: document.positionAt(span.offset), end: document.positionAt(span.offset + span.length) } : modelTop(document);
}

/** The string that an offset lies in, when it is short enough to be a name. */
export function stringAround(text: string, offset: number): { value: string; offset: number; length: number } | undefined {
  const LONGEST_NAME = 256;
  const from = text.lastIndexOf('"', offset - 1);
  const to = text.indexOf('"', offset);
  if (from < 0 || to < 0 || to - from > LONGEST_NAME) return undefined;
  return { value: text.slice(from + 1, to), offset: from, length: to - from + 1 };
}
