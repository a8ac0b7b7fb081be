import { findNodeAtLocation, type Node } from 'jsonc-parser';
import { lineAndColumn } from '../../../json/bounds';
import { tolerantTree } from '../../../json/tolerant';
import { pointerPath } from '../../../protocol/shape/pointer';

/** A range of a text. Lines and columns count from 1, columns in UTF-16 units; the end is behind the last character. */
export interface TextPlace {
  offset: number;
  length: number;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** Where the values of a JSON text stand. */
export interface Places {
  /** Place of the value that a pointer names, or of the nearest value around it. */
  at(pointer: string): TextPlace;
  /** The same, but of the first line only where the value goes over several. */
  head(pointer: string): TextPlace;
}

/**
 * Parses the text once, for many questions. A text that is broken gives its beginning for everything below the break, and one that is too
 * large for a tree for everything.
 */
export function placesIn(text: string): Places {
  if (last?.text !== text) last = { text, places: parsed(text) };
  return last.places;
}

/** Results of one report ask one after the other. */
let last: { text: string; places: Places } | undefined;

function parsed(text: string): Places {
  const { root } = tolerantTree(text);
  const starts = lineStarts(text);
  const placed = (offset: number, length: number): TextPlace => {
    const [line, endLine] = [lineOf(starts, offset), lineOf(starts, offset + length)];
    return {
      offset,
      length,
      line: line + 1,
      column: offset - starts[line]! + 1,
      endLine: endLine + 1,
      endColumn: offset + length - starts[endLine]! + 1,
    };
  };
  const nodeAt = (pointer: string): { offset: number; length: number } => {
    let node: Node | undefined = root;
    for (const part of pointerPath(pointer)) {
      const next: Node | undefined = node && childAt(node, part);
      if (!next) break;
      node = next;
    }
    return node ?? { offset: 0, length: Math.min(1, text.length) };
  };
  return {
    at: (pointer) => {
      const { offset, length } = nodeAt(pointer);
      return placed(offset, length);
    },
    head: (pointer) => {
      const { offset, length } = nodeAt(pointer);
      const next = text.indexOf('\n', offset);
      const end = next < 0 ? text.length : text[next - 1] === '\r' ? next - 1 : next;
      return placed(offset, Math.max(1, Math.min(length, end - offset)));
    },
  };
}

/** The value below a node by its key or index. */
export function childAt(node: Node, part: string): Node | undefined {
  return findNodeAtLocation(node, [node.type === 'array' ? Number(part) : part]);
}

/** `/gates/0/limit, line 7:15` for messages. */
export function placeWords(text: string, pointer: string, offset: number): string {
  const { line, column } = lineAndColumn(text, offset);
  const place = `line ${line}:${column}`;
  // A hostile text may have keys of any length and kind.
  const shown = pointer.length > 200 ? `${pointer.slice(0, 199)}…` : pointer;
  return shown === '' ? place : `${shown}, ${place}`;
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the line that an offset lies in. */
function lineOf(starts: readonly number[], offset: number): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
