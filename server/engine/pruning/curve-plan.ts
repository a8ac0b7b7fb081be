/** A curve's hits for one data set, and on how many inputs they were counted. */
export interface CurveHits {
  /** Numbers of pruned units. */
  points: number[];
  /** Hits at each point. */
  hits: Uint32Array;
  inputs: number;
  /** Weighted share of the inputs that are taken for a class at each point, in [0, 1], where it was asked for. */
  taken?: Float64Array;
}

/** Numbers of pruned units at which a curve is computed: all of them, or at most `most` evenly spread with both ends. */
export function curvePoints(units: number, most: number): number[] {
  if (units + 1 <= most) return Array.from({ length: units + 1 }, (_, k) => k);
  return [...new Set(Array.from({ length: most }, (_, i) => Math.round((i * units) / (most - 1))))];
}

/** Points of a curve for a layer whose tail has to be run at each of them. */
export const TAIL_CURVE_POINTS = 65;

/**
 * Work a curve may cost, in multiply-adds, about 30 s on the slower engine. It is counted from shapes and never timed, so
 * that the same inputs give the same subset on every machine.
 */
export const CURVE_BUDGET = 60e9;

/** What each data set's part of the curve may cost: Infinity where a config wants the curve on all images. */
export function curveBudgets(
  curve: 'quick' | 'full',
  withTrigger: boolean,
): { clean: number; triggered: number; holdout: number } {
  const budget = curve === 'full' ? Infinity : CURVE_BUDGET;
  return withTrigger
    ? { clean: budget * 0.4, triggered: budget * 0.4, holdout: budget * 0.2 }
    : { clean: budget * 0.7, triggered: 0, holdout: budget * 0.3 };
}

/** Images of a set of `available` that fit the budget when each costs `workPerImage`; at least 500. */
export function imagesWithin(available: number, workPerImage: number, budget: number): number {
  return Math.min(available, Math.max(500, Math.floor(budget / workPerImage)));
}
