import type { ResolvedTrigger } from '../../protocol/config/config';
import type { Stamp } from './stamp';

/** A trigger that can be stamped on any input. Triggers act on pixels in [0, 1], before normalisation, then clip. */
export interface Trigger {
  readonly config: ResolvedTrigger;
  readonly target: number;
  /**
   * Stamps the trigger on every image of `pixels` in place and clips to [0, 1].
   * `pixels` holds whole images of height·width·channels values, NHWC.
   */
  stamp(pixels: Float32Array): void;
  /** See `Stamp.noisy`. */
  noisy?: Stamp['noisy'];
}

/**
 * The inputs on which ASR and robust accuracy are measured: triggered, and of a true class other than the target.
 */
export interface TriggeredInputs {
  readonly kind: ResolvedTrigger['kind'];
  readonly target: number;
  readonly count: number;
  /** True class of each input; length `count`. */
  readonly labels: Int32Array;
  /** Index of each input in the test split; −1 for the person's own samples. */
  readonly testIndex: Int32Array;
  /** Pixels in [0, 1] with the trigger stamped, as a fresh array; `positions` index this set, 0 … count − 1. */
  pixels(positions: ArrayLike<number>): Float32Array;
}
