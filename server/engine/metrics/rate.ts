import type { Rate } from '../../protocol/report/report';

/** 97.5 % quantile of the standard normal distribution: two-sided 95 %. */
export const Z = 1.959963984540054;

/** Six decimals, so that a report has the same bytes wherever it is written. */
export function roundShare(share: number): number {
  return Math.round(share * 1e6) / 1e6;
}

/** Nine significant digits: more than float32 carries, fewer than two summation orders would disagree in. */
export function roundFigure(value: number): number {
  return Number(value.toPrecision(9));
}

/** Bounds of a share's score interval (Wilson 1927), in [0, 1]. @param of above 0 @param z quantile of the standard normal distribution */
export function wilson(hits: number, of: number, z: number): { low: number; high: number } {
  const p = hits / of;
  const denominator = 1 + (z * z) / of;
  const centre = (p + (z * z) / (2 * of)) / denominator;
  const half = (z / denominator) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return { low: hits === 0 ? 0 : Math.max(0, centre - half), high: hits === of ? 1 : Math.min(1, centre + half) };
}

/**
 * A share with its 95 % Wilson score interval (Wilson 1927, "Probable inference, the law of succession, and statistical
 * inference", J. Am. Stat. Assoc. 22). `of` = 0 gives rate 0 and the interval [0, 1].
 */
export function rate(hits: number, of: number): Rate {
  if (of === 0) return { rate: 0, hits, of, low: 0, high: 1 };
  const { low, high } = wilson(hits, of, Z);
  return { rate: roundShare(hits / of), hits, of, low: roundShare(low), high: roundShare(high) };
}
