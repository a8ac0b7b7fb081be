import type { Span } from '../format';

/**
 * The name of a layer where the topology gives it (`"name": "dense_1"`), quotes included; also as Python spells it,
 * `"gr\u00f6\u00dfe"`. Nothing is parsed: TF.js writes one line, which may be many megabytes long, and searching for a string is a
 * hundred times faster than scanning every token.
 */
export function layerSpan(text: string, name: string): Span | undefined {
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
