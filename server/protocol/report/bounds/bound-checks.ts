import * as v from 'valibot';
import { pointerPath } from '../../shape/pointer';
import type { Rate, TriggeredRate } from '../metrics';

/**
 * Checks of figures that a shape can't say: within another figure, as many as there are classes. Each throws `Refused` where a figure is
 * impossible.
 */

/** A figure that no run can have measured. */
export interface BoundFault {
  /** JSON pointer. */
  pointer: string;
  /** What follows the place in a sentence: "is 5, above the rate 0.5". */
  what: string;
}

class Refused extends Error {
  constructor(readonly fault: BoundFault) {
    super(fault.what);
  }
}

/** A check of a whole value, for the pipe of its shape. @param check throws `Refused` for the first fault */
export function figures<T>(check: (value: T) => void): v.RawCheckAction<T> {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    const fault = dataset.typed ? firstRefused(() => check(dataset.value)) : null;
    if (fault) addIssue({ message: fault.what, path: pathTo(dataset.value, fault.pointer) });
  });
}

function firstRefused(check: () => void): BoundFault | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.fault;
    throw error;
  }
}

function pathTo(root: unknown, pointer: string): [v.IssuePathItem, ...v.IssuePathItem[]] | undefined {
  let input = root;
  const path = pointerPath(pointer).map((part): v.IssuePathItem => {
    const key = Array.isArray(input) ? Number(part) : part;
    const value = (input as Record<string | number, unknown> | undefined)?.[key];
    const item: v.IssuePathItem = { type: 'unknown', origin: 'value', input, key, value };
    input = value;
    return item;
  });
  return path.length === 0 ? undefined : (path as [v.IssuePathItem]);
}

export function refuse(pointer: string, what: string): never {
  throw new Refused({ pointer, what });
}

/** A whole number is at most this. */
export function count(value: number, pointer: string, most: number, least = 0): void {
  if (value < least || value > most)
    refuse(pointer, `is ${value}; a whole number from ${least} to ${most} was expected`);
}

/** Each at most once. @param noun what they count */
export function index(values: readonly number[], below: number, pointer: string, noun = 'unit'): void {
  const seen = new Set<number>();
  values.forEach((value, at) => {
    count(value, `${pointer}/${at}`, below - 1);
    if (seen.has(value)) refuse(`${pointer}/${at}`, `names ${noun} ${value} a second time`);
    seen.add(value);
  });
}

export function length(values: readonly unknown[], pointer: string, wanted: number, what: string): void {
  if (values.length !== wanted) refuse(pointer, `has ${values.length} entries; ${wanted} were expected, ${what}`);
}

/** Hits within their count, and the rate inside of its interval. */
export function checkRate(rate: Rate, pointer: string): void {
  count(rate.hits, `${pointer}/hits`, rate.of);
  if (rate.low > rate.rate && rate.of > 0) refuse(`${pointer}/low`, `is ${rate.low}, above the rate ${rate.rate}`);
  if (rate.high < rate.rate) refuse(`${pointer}/high`, `is ${rate.high}, below the rate ${rate.rate}`);
}

/** A success with what goes to the class without the trigger: hits are those that stay and those that are gained. */
export function checkTriggeredRate(rate: TriggeredRate, pointer: string): void {
  checkRate(rate, pointer);
  if (!rate.untriggered) return;
  const { hits, gained, lost } = rate.untriggered;
  for (const key of ['hits', 'gained', 'lost'] as const)
    count(rate.untriggered[key], `${pointer}/untriggered/${key}`, rate.of);
  if (hits - lost + gained !== rate.hits)
    refuse(`${pointer}/untriggered`, `gives ${hits - lost + gained} hits; ${rate.hits} were expected`);
}
