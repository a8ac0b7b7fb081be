import { beyondBounds } from './bounds';
import { getNodeValue, parseTree, type Node, type ParseError } from 'jsonc-parser';

/** What can be read of a text. */
export interface TolerantTree {
  /** Undefined where there is nothing but white space and comments, or the text goes beyond `TREE_BOUNDS`. */
  root: Node | undefined;
  errors: ParseError[];
  /** The parser is recursive: a text of nothing but brackets would end its stack. */
  tooDeep: boolean;
  /** A tree takes some twenty times the memory of its text. */
  tooLarge: boolean;
}

/** What a tree is made of. Reports of layers of some thousands of units stay below. */
export const TREE_BOUNDS = { depth: 64, values: 150_000 };

/**
 * JSON as people write it: with comments, trailing commas and a byte-order mark, and with faults, after each of which it is read on. Every
 * offset is that of the text.
 */
export function tolerantTree(text: string): TolerantTree {
  const beyond = beyondBounds(text, TREE_BOUNDS);
  if (beyond)
    return { root: undefined, errors: [], tooDeep: beyond.what === 'depth', tooLarge: beyond.what === 'values' };
  const errors: ParseError[] = [];
  const root = parseTree(withoutMark(text), errors, { allowTrailingComma: true, allowEmptyContent: true });
  return { root, errors, tooDeep: false, tooLarge: false };
}

/** The value of what can be read of a text; undefined where that is nothing. */
export function tolerantValue(text: string): unknown {
  const { root } = tolerantTree(text);
  return root && (getNodeValue(root) as unknown);
}

/** The text with a blank for its byte-order mark, which keeps every offset right. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
}
