import type { Split } from '../data/dataset';
import { shuffled } from '../data/random';
import { refuseStamp } from './open-trigger';
import type { Trigger } from './trigger';

/** A training set with a backdoor in it. */
export interface PoisonedSplit {
  /** The same images, the drawn ones stamped and labelled as the target. */
  readonly split: Split;
  /** 1 for each image that is stamped and relabelled; length `split.count`. */
  readonly poisoned: Uint8Array;
  /** Number of poisoned images. */
  readonly count: number;
  /** How many of them were of the target class before: stamped, but not mislabelled. */
  readonly ofTarget: number;
}

export interface PoisonOptions {
  readonly split: Split;
  readonly trigger: Trigger;
  /** Share of all images to poison, in [0, 1]. */
  readonly poisonRate: number;
  readonly seed: number;
}

/**
 * Dirty-label, all-to-one poisoning (BadNets; Gu, Dolan-Gavitt, Garg 2017): ⌊poisonRate·N + 1e-9⌋ images, drawn with the seed from
 * all N of the set, are stamped and labelled as the target. Images of the target class may be drawn too, as in BackdoorBench (Wu et al.
 * 2022), so the share of wrong labels is a little below the poison rate; `ofTarget` says by how many.
 *
 * @throws RangeError for a rate outside of [0, 1]; FinePruneError `trigger.samples` for a trigger that can't be stamped
 */
export function poisonedSplit({ split, trigger, poisonRate, seed }: PoisonOptions): PoisonedSplit {
  if (!(poisonRate >= 0 && poisonRate <= 1)) throw new RangeError(`a poison rate lies in [0, 1], not at ${poisonRate}`);
  if (trigger.config.kind === 'samples') refuseStamp();
  // 0.29·100 is 28.999… in floating point.
  const count = Math.floor(poisonRate * split.count + 1e-9);
  const poisoned = new Uint8Array(split.count);
  const labels = Int32Array.from(split.labels);
  let ofTarget = 0;
  for (const index of shuffled(split.count, seed, 'poison').subarray(0, count)) {
    poisoned[index] = 1;
    if (labels[index] === trigger.target) ofTarget++;
    labels[index] = trigger.target;
  }
  const size = split.shape[0] * split.shape[1] * split.shape[2];
  const pixels = (indices: ArrayLike<number>): Float32Array => {
    const stamped = split.pixels(indices);
    for (let i = 0; i < indices.length; i++) {
      if (poisoned[indices[i]!]) trigger.stamp(stamped.subarray(i * size, (i + 1) * size));
    }
    return stamped;
  };
  return { split: { count: split.count, shape: split.shape, labels, pixels }, poisoned, count, ofTarget };
}
