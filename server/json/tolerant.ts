import { getNodeValue, parseTree, type Node, type ParseError } from 'jsonc-parser';

/** What can be read of a text. */
export interface TolerantTree {
  /** Undefined where there is nothing but white space and comments, or the nesting is too deep. */
  root: Node | undefined;
  errors: ParseError[];
  /** The parser is recursive: a text of nothing but brackets ends its stack. */
  tooDeep: boolean;
}

/**
 * JSON as people write it: with comments, trailing commas and a byte-order mark, and with faults, after each of which it is read on. Every
 * offset is that of the text.
 */
export function tolerantTree(text: string): TolerantTree {
  const errors: ParseError[] = [];
  try {
    const root = parseTree(withoutMark(text), errors, { allowTrailingComma: true, allowEmptyContent: true });
    return { root, errors, tooDeep: false };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { root: undefined, errors: [], tooDeep: true };
  }
}

/** The value of what can be read of a text; undefined where that is nothing. */
export function tolerantValue(text: string): unknown {
  const { root } = tolerantTree(text);
  try {
    return root && (getNodeValue(root) as unknown);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return undefined;
  }
}

/** The text with a blank for its byte-order mark, which keeps every offset right. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? ` ${text.slice(1)}` : text;
}
