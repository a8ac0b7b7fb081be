import { getLocation } from 'jsonc-parser';
import type { Hover, Position } from 'vscode-languageserver-types';
import { nodeAtPointer, rangeOf, type ConfigText } from './config-text';

/** A place in a JSON text, from its root. */
export type Path = (string | number)[];

/**
 * Hover of the innermost value at a position that is explained.
 * @param explain Markdown paragraphs for the value at a path; undefined when a wider one explains it
 */
export function hoverAt(
  text: ConfigText,
  position: Position,
  explain: (path: Path) => string[] | undefined,
): Hover | null {
  const { path } = getLocation(text.document.getText(), text.document.offsetAt(position));
  for (let depth = path.length; depth > 0; depth--) {
    const at = path.slice(0, depth);
    const lines = explain(at);
    if (!lines) continue;
    const node = nodeAtPointer(text, `/${at.join('/')}`);
    return { contents: { kind: 'markdown', value: lines.join('\n\n') }, ...(node && { range: rangeOf(text, node) }) };
  }
  return null;
}
