import * as v from 'valibot';
import { pointerOf } from './pointer';

/** What is wrong with a value of unknown origin, in words. The value's own words are cut: they may be anything. */

export interface ShapeFault {
  /** Keys and indices. Of a missing or unknown field the object that it is missing in. */
  path: (string | number)[];
  /** `schema`: of another kind than the shape says; `figure`: of the right kind, and impossible. */
  kind: 'schema' | 'figure';
  /** What follows the place in a sentence: "has no `curve`", "is 1.5; a share from 0 to 1 was expected". */
  what: string;
}

/** The first place where a value is not of a shape, in the shape's order; null where it is. */
export function firstFault(shape: v.GenericSchema, value: unknown): ShapeFault | null {
  const { issues } = v.safeParse(shape, value, { abortEarly: true });
  return issues ? faultOf(issues[0]) : null;
}

/** `` `/gates/0/limit` is 5; a share from 0 to 1 was expected. `` */
export function faultSentence({ path, what }: Pick<ShapeFault, 'path' | 'what'>): string {
  return `${path.length === 0 ? 'It' : `\`${cut(pointerOf(path))}\``} ${what}.`;
}

/** The same about a value that is known to fail. */
export function faultOf(issue: v.BaseIssue<unknown>): ShapeFault {
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? key : String(key)));
  const last = issue.path?.at(-1);
  if (issue.kind !== 'schema' || issue.type === 'custom') return { path, kind: 'figure', what: issue.message };
  const field = String(last?.key);
  if (last?.origin === 'key' && issue.expected === 'never')
    return { path: path.slice(0, -1), kind: 'schema', what: `has an unknown field \`${cut(field)}\`` };
  if (last && last.value === undefined)
    return { path: path.slice(0, -1), kind: 'schema', what: `has no \`${cut(field)}\`` };
  return { path, kind: 'schema', what: `must be ${expectation(issue.expected ?? '')}` };
}

const TYPE_WORDS: Record<string, string> = {
  Array: 'a list',
  Object: 'an object',
  boolean: 'true or false',
  number: 'a number',
  string: 'a string',
};

/** `("quick" | "full")` as valibot puts it: `one of "quick", "full"`. */
function expectation(expected: string): string {
  const words = expected
    .replace(/[()]/g, '')
    .split(' | ')
    .map((word) => TYPE_WORDS[word] ?? word);
  const literal = words.every((word) => word.startsWith('"'));
  return literal && words.length > 1 ? `one of ${words.join(', ')}` : words.join(' or ');
}

const cut = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text);
