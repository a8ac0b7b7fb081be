/** How far each class's mask is from the others'. */
export interface Anomaly {
  /** Median of the norms. */
  median: number;
  /** norm / median, by class. */
  shares: number[];
  /** −ln(share) / (1.4826 · median of |ln(share)|), by class: positive for masks smaller than the median. */
  indices: number[];
}

/** Makes the median absolute deviation of normal numbers their standard deviation. */
const CONSISTENCY = 1.4826;
/** Deviations below it count as this much, or ten masks of nearly one size would make any of them an anomaly. */
const LEAST_DEVIATION = 0.02;
/** Pixels: the smallest mask that an estimate can hold. */
const SMALLEST = 1 / 255;

/**
 * The anomaly index of Neural Cleanse (Wang et al. 2019, section IV.A) on the logarithms of the masks' sizes, signed: of two-sided
 * outliers only small masks are suspicious. Of the sizes themselves it can't exceed median / (1.4826 · MAD): where honest classes
 * differ by a third, as those of Fashion-MNIST do, not even a mask of no pixel at all would reach 2.
 */
export function anomalies(norms: readonly number[]): Anomaly {
  const middle = median(norms);
  const logs = norms.map((norm) => Math.log(Math.max(norm, SMALLEST) / Math.max(middle, SMALLEST)));
  const deviation = Math.max(CONSISTENCY * median(logs.map(Math.abs)), LEAST_DEVIATION);
  return {
    median: middle,
    shares: norms.map((norm) => (middle ? norm / middle : 1)),
    indices: logs.map((log) => (0 - log) / deviation),
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half - 0.5)]! + sorted[Math.ceil(half - 0.5)]!) / 2;
}
