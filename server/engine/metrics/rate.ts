import type { Rate } from '../../protocol/report';

/** 97.5 % quantile of the standard normal distribution: two-sided 95 %. */
const Z = 1.959963984540054;

/** Six decimals, so that a report has the same bytes wherever it is written. */
export function roundShare(share: number): number {
  return Math.round(share * 1e6) / 1e6;
}

/** Nine significant digits: more than float32 carries, fewer than two summation orders would disagree in. */
export function roundFigure(value: number): number {
  return Number(value.toPrecision(9));
}

/**
 * A share with its 95 % Wilson score interval (Wilson 1927, "Probable inference, the law of succession, and statistical
 * inference", J. Am. Stat. Assoc. 22). `of` = 0 gives rate 0 and the interval [0, 1].
 */
export function rate(hits: number, of: number): Rate {
  if (of === 0) return { rate: 0, hits, of, low: 0, high: 1 };
  const p = hits / of;
  const denominator = 1 + (Z * Z) / of;
  const centre = (p + (Z * Z) / (2 * of)) / denominator;
  const half = (Z / denominator) * Math.sqrt((p * (1 - p)) / of + (Z * Z) / (4 * of * of));
  return {
    rate: roundShare(p),
    hits,
    of,
    low: hits === 0 ? 0 : roundShare(Math.max(0, centre - half)),
    high: hits === of ? 1 : roundShare(Math.min(1, centre + half)),
  };
}
