/** How far each class's mask is from the others'. */
export interface Anomaly {
  /** Median of the norms. */
  median: number;
  /** norm / median, by class. */
  shares: number[];
  /** (median − norm) / (1.4826 · MAD), by class: positive for masks smaller than the median. */
  indices: number[];
}

/** Makes the median absolute deviation of normal numbers their standard deviation. */
const CONSISTENCY = 1.4826;
/** Of the median: deviations below it count as this much, or ten masks of nearly one size would make any of them an anomaly. */
const LEAST_DEVIATION = 0.02;

/** The anomaly index of Neural Cleanse (Wang et al. 2019, section IV.A), signed: of two-sided outliers only small masks are suspicious. */
export function anomalies(norms: readonly number[]): Anomaly {
  const middle = median(norms);
  const deviation = Math.max(CONSISTENCY * median(norms.map((norm) => Math.abs(norm - middle))), LEAST_DEVIATION * middle, Number.MIN_VALUE);
  return { median: middle, shares: norms.map((norm) => (middle ? norm / middle : 1)), indices: norms.map((norm) => (middle - norm) / deviation) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return (sorted[Math.floor(half - 0.5)]! + sorted[Math.ceil(half - 0.5)]!) / 2;
}
