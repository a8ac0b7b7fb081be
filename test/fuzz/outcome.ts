import { createHash } from 'node:crypto';
import { FinePruneError } from '../../server/protocol/errors';
import { Broken } from './case';

/** How one reader ended on one input. */
export interface Outcome {
  readonly reader: string;
  /** What counts as the same outcome: a word, or an error's code with the pattern of its place. */
  readonly what: string;
  /** What is wrong with it; left out where nothing is. */
  readonly fault?: string;
}

/** A place with numbers and names of one input left out. */
export const pattern = (place: string | undefined): string =>
  (place ?? '')
    .replace(/\d+/g, '#')
    .replace(/"[^"]*"/g, '"…"')
    .replace(/(\/[^/,\s]{40})[^/,\s]*/g, '$1…')
    .slice(0, 100);

/** A thrown value as an outcome: a FinePruneError of bad input is none to complain of, everything else is. */
export function outcomeOf(reader: string, error: unknown): Outcome {
  if (error instanceof FinePruneError) {
    const what = `${error.code} @ ${pattern(error.place)}`;
    if (error.kind !== 'input') return { reader, what, fault: `bad input ends as a failure of kind ${error.kind}` };
    const bad = badFailure(error);
    return { reader, what, ...(bad && { fault: bad }) };
  }
  const { name = '', message = String(error), stack = '' } = error as Partial<Error>;
  const what = `${name} ${pattern(message)} ${stackHash(stack)}`;
  return {
    reader,
    what,
    fault:
      error instanceof Broken
        ? `does not hold: ${message}`
        : `${name}: ${message.slice(0, 300)}\n${frames(stack).slice(0, 6).join('\n')}`,
  };
}

/** What a message for people may not be. */
function badFailure({ message, place = '', todo = '', code }: FinePruneError): string | null {
  if (!/^[a-zA-Z]+\.[a-zA-Z]+$/.test(code)) return `the code ${code} is no word`;
  if (message.length > 65_536 || place.length > 65_536 || todo.length > 65_536)
    return `${code}: a message of more than 65,536 characters can't be sent`;
  const garbled = /\b(undefined|\[object Object\])/.exec(message.replace(/"[^"]*"|`[^`]*`/g, ''));
  if (garbled) return `${code}: the message says ${garbled[0]}: ${message.slice(0, 200)}`;
  return null;
}

const frames = (stack: string): string[] =>
  stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim().replace(/\(?(file:\/\/)?\S*\/(server|test|node_modules)\//, '($2/'));

/** Equal for faults of one place in the code. */
export function stackHash(stack: string): string {
  const own = frames(stack)
    .filter((line) => line.includes('(server/'))
    .slice(0, 3);
  return createHash('sha256')
    .update(own.map((line) => line.replace(/:\d+\)?$/, '')).join())
    .digest('hex')
    .slice(0, 8);
}
