import type { McNemar } from '../../protocol/report/report';
import { roundFigure } from './rate';

/**
 * McNemar's exact test on paired outcomes (McNemar 1947, Psychometrika 12): under the null hypothesis each discordant
 * pair falls either way with probability 1/2, so the p-value is the two-sided binomial tail.
 * `before` and `after` hold 0 or 1 for the same inputs, in the same order.
 */
export function mcnemar(before: Uint8Array, after: Uint8Array): McNemar {
  if (before.length !== after.length)
    throw new RangeError(`paired outcomes differ in length: ${before.length} and ${after.length}`);
  let onlyBefore = 0;
  let onlyAfter = 0;
  for (let i = 0; i < before.length; i++) {
    if (before[i]! > after[i]!) onlyBefore++;
    else if (before[i]! < after[i]!) onlyAfter++;
  }
  return { onlyBefore, onlyAfter, pValue: roundFigure(exactPValue(onlyBefore, onlyAfter)) };
}

/** Two-sided p-value of the exact test when `a` discordant pairs fall one way and `b` the other. */
export function exactPValue(a: number, b: number): number {
  const n = a + b;
  if (n === 0) return 1;
  // Terms in logarithms: binomial coefficients overflow from n = 1030 on.
  let logTerm = -n * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= Math.min(a, b); k++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log(n - k) - Math.log(k + 1);
  }
  return Math.min(1, 2 * tail);
}
