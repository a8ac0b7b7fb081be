import * as v from 'valibot';
import { share } from '../shape/shape';

/** Share of a layer's units that the reference prunes, where a config does not say. */
export const DEFAULT_RATIO = 0.2;

/** Order in which units are pruned. */
export const PruneRule = v.picklist(['clean-mean', 'clean-mean-abs', 'triggered-difference']);
export type PruneRule = v.InferOutput<typeof PruneRule>;

/** Share of units, 0 to 1, or `auto`. */
export const PruneRatio = v.union([share, v.literal('auto')]);
export type PruneRatio = v.InferOutput<typeof PruneRatio>;

/** ⌊share·n + 1e-9⌋, at most n: how many a share in [0, 1] comes to, so that 0.29·100 is 29 whatever binary fractions say. */
export function countOfShare(share: number, n: number): number {
  return Math.min(n, Math.floor(share * n + 1e-9));
}

/** The number of a layer's units that a ratio in [0, 1] prunes. */
export const pruneCount = (ratio: number, units: number): number => countOfShare(ratio, units);
