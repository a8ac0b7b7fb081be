import type { PruningCurve } from '../../protocol/report/report';
import { rate } from '../metrics/rate';
import type { CurveHits } from './curve-plan';

/** When pruning stops: the number of units that a limit allows, read from curves on held-out images. */

/** The largest number of pruned units whose loss of accuracy stays within the limit, read from a held-out set's curve. */
export function largestWithinLimit(
  { points, hits, inputs }: CurveHits,
  maxAccuracyDrop: number,
): NonNullable<PruningCurve['largestWithinLimit']> {
  let best = 0;
  points.forEach((_, at) => {
    if (hits[0]! - hits[at]! <= maxAccuracyDrop * inputs + 1e-9) best = at;
  });
  return { pruned: points[best]!, heldOut: { images: inputs, correctBefore: hits[0]!, correct: hits[best]! } };
}

/** Limits of a config, shares in [0, 1]. */
export interface GateLimits {
  maxAttackSuccessRate: number;
  maxAccuracyDrop: number;
}

export interface WithinGate {
  /** The smallest number of pruned units that meets both limits; null where none does. */
  smallest: NonNullable<PruningCurve['smallestWithinGate']> | null;
  /** The largest number of pruned units within the accuracy limit. */
  withinAccuracy: number;
}

/**
 * How many units bring the upper 95 % bound of the ASR within its gate while the accuracy limit is kept.
 * @param kept curve of clean images
 * @param success curve of triggered images, at the same points
 */
export function smallestWithinGate(kept: CurveHits, success: CurveHits, gates: GateLimits): WithinGate {
  let smallest: WithinGate['smallest'] = null;
  let withinAccuracy = 0;
  kept.points.forEach((pruned, at) => {
    if (kept.hits[0]! - kept.hits[at]! > gates.maxAccuracyDrop * kept.inputs + 1e-9) return;
    withinAccuracy = pruned;
    if (smallest || rate(success.hits[at]!, success.inputs).high > gates.maxAttackSuccessRate) return;
    smallest = {
      pruned,
      heldOut: {
        images: kept.inputs,
        triggeredImages: success.inputs,
        successful: success.hits[at]!,
        correct: kept.hits[at]!,
      },
    };
  });
  return { smallest, withinAccuracy };
}
