import { roundShare, wilson } from './rate';

/** A difference of two shares, with an interval; all in [−1, 1], to six decimals. */
export interface Difference {
  difference: number;
  low: number;
  high: number;
}

/**
 * The difference of paired proportions, (gained − lost) / of, with its score interval (Tango 1998, "Equivalence test and confidence
 * interval for the difference in proportions for the paired-sample design", Stat. Med. 17, section 4). Where nothing was lost it is
 * a plain share, with Wilson's interval.
 *
 * @param gained pairs that are a hit only with the treatment, `lost` only without it; whole numbers whose sum is at most `of`
 * @param of pairs; 0 gives 0 and [−1, 1]
 * @param z quantile of the standard normal distribution for the two-sided confidence, 1.96 for 95 %
 * @throws RangeError for counts that are none
 */
export function pairedDifference(gained: number, lost: number, of: number, z: number): Difference {
  if (![gained, lost, of].every((n) => Number.isInteger(n) && n >= 0) || gained + lost > of)
    throw new RangeError(`${gained} gained and ${lost} lost of ${of} are not counts of pairs`);
  if (of === 0) return { difference: 0, low: -1, high: 1 };
  const difference = roundShare((gained - lost) / of);
  if (lost === 0) {
    const { low, high } = wilson(gained, of, z);
    return { difference, low: roundShare(low), high: roundShare(high) };
  }
  const bound = (sign: 1 | -1): number => roundShare(root((delta) => score(gained, lost, of, delta) + sign * z));
  return { difference, low: bound(-1), high: bound(1) };
}

/** Tango's score statistic for the hypothesis that the difference is `delta`; falls as `delta` grows. */
function score(gained: number, lost: number, of: number, delta: number): number {
  const a = 2 * of;
  const b = -gained - lost + (2 * of - gained + lost) * delta;
  const c = -lost * delta * (1 - delta);
  // The share that is lost, most likely under the hypothesis.
  const q = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a);
  const variance = of * (2 * q + delta * (1 - delta));
  const distance = gained - lost - of * delta;
  if (variance <= 0) return distance === 0 ? 0 : Math.sign(distance) * Infinity;
  return distance / Math.sqrt(variance);
}

/** Where a falling function crosses 0 in [−1, 1], to well below what is shown. */
function root(f: (x: number) => number): number {
  let [low, high] = [-1, 1];
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (f(middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The difference of two independent shares, with the interval that combines both Wilson intervals (Newcombe 1998, "Interval
 * estimation for the difference between independent proportions", Stat. Med. 17, method 10).
 *
 * @param a and `b`: hits (need not be whole: they may be weighted) of a number of images
 */
export function independentDifference(
  a: { hits: number; of: number },
  b: { hits: number; of: number },
  z: number,
): Difference {
  if (a.of === 0 || b.of === 0) return { difference: 0, low: -1, high: 1 };
  const [p, q] = [a.hits / a.of, b.hits / b.of];
  const [first, second] = [wilson(a.hits, a.of, z), wilson(b.hits, b.of, z)];
  return {
    difference: roundShare(p - q),
    low: roundShare(p - q - Math.hypot(p - first.low, second.high - q)),
    high: roundShare(p - q + Math.hypot(first.high - p, q - second.low)),
  };
}
