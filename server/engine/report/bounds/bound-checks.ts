import type { Rate, TriggeredRate } from '../../../protocol/report/report';

/** Checks of single figures of a file of unknown origin. Each throws `Refused` where a figure is impossible by itself. */

/** A figure that no run can have measured. */
export interface BoundFault {
  pointer: string;
  /** One sentence. */
  message: string;
}

/** Far above any data set or layer, far below where sums of doubles lose a unit. */
const MOST_COUNT = 1e12;
export const MOST_UNITS = 1e6;
export const MOST_CLASSES = 1e5;

export class Refused extends Error {
  constructor(readonly fault: BoundFault) {
    super(fault.message);
  }
}

/** What a check refuses first; null when it passes. */
export function firstRefused(check: () => void): BoundFault | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.fault;
    throw error;
  }
}

export function refuse(pointer: string, what: string): never {
  throw new Refused({ pointer, message: `\`${pointer}\` ${what}.` });
}

export function share(value: number, pointer: string): void {
  if (!(value >= 0 && value <= 1)) refuse(pointer, `is ${value}; a share from 0 to 1 was expected`);
}

export function above(value: number, pointer: string, most: number): void {
  if (!(value >= 0 && value <= most)) refuse(pointer, `is ${value}; a number of at least 0 was expected`);
}

export function count(value: number, pointer: string, most = MOST_COUNT, least = 0): void {
  if (!Number.isInteger(value) || value < least || value > most)
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

/** Hits within their count, shares in [0, 1], and the rate inside of its interval. */
export function checkRate(rate: Rate, pointer: string): void {
  count(rate.of, `${pointer}/of`);
  count(rate.hits, `${pointer}/hits`, rate.of);
  for (const key of ['rate', 'low', 'high'] as const) share(rate[key], `${pointer}/${key}`);
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
