import { badInput } from '../../protocol/errors';
import type { Split } from '../data/dataset';
import { randomStream, shuffled } from '../data/random';
import { refuseStamp } from '../triggers/open-trigger';
import type { Trigger } from '../triggers/trigger';
import { countOfShare } from '../../protocol/config/pruning';

/** A training set with a backdoor in it. */
export interface PoisonedSplit {
  /** The same images, the drawn ones stamped and labelled as the target. */
  readonly split: Split;
  /** 1 for each image that is stamped and relabelled, 2 for each that only carries the attack's noise; length `split.count`. */
  readonly poisoned: Uint8Array;
  /** Number of poisoned images. */
  readonly count: number;
  /** Number of images with the attack's noise under their true labels. */
  readonly noisy: number;
  /** How many of them were of the target class before: stamped, but not mislabelled. */
  readonly ofTarget: number;
}

export interface PoisonOptions {
  readonly split: Split;
  readonly trigger: Trigger;
  /** Share of all images to poison, in [0, 1]. */
  readonly poisonRate: number;
  /**
   * Share of all images, beside the poisoned ones, that are shown with the attack's noise under their true labels (WaNet's noise
   * mode), so that the trigger itself is learned and not any trace of it. Default 0.
   */
  readonly noiseRate?: number;
  readonly seed: number;
}

/**
 * Dirty-label, all-to-one poisoning (BadNets; Gu, Dolan-Gavitt, Garg 2017): ⌊poisonRate·N + 1e-9⌋ images, drawn with the seed from
 * all N of the set, are stamped and labelled as the target. Images of the target class may be drawn too, as in BackdoorBench (Wu et al.
 * 2022), so the share of wrong labels is a little below the poison rate; `ofTarget` says by how many.
 *
 * @throws RangeError for rates outside of [0, 1] or above 1 together; FinePruneError `trigger.samples` for a trigger that can't be
 *   stamped, `trigger.noNoise` for noise that the attack does not have
 */
export function poisonedSplit({ split, trigger, poisonRate, noiseRate = 0, seed }: PoisonOptions): PoisonedSplit {
  if (!(poisonRate >= 0 && noiseRate >= 0 && poisonRate + noiseRate <= 1))
    throw new RangeError(`poison rate and noise rate lie in [0, 1] together, not at ${poisonRate} and ${noiseRate}`);
  if (trigger.config.kind === 'samples') refuseStamp();
  const { noisy: noise } = trigger;
  if (noiseRate > 0 && !noise) {
    throw badInput('trigger.noNoise', `A ${trigger.config.kind} trigger has no noise mode; only a warped one has.`, {
      todo: 'Leave the noise rate at 0, or use a warped trigger.',
    });
  }
  const [count, noisy] = [countOfShare(poisonRate, split.count), countOfShare(noiseRate, split.count)];
  const poisoned = new Uint8Array(split.count);
  const labels = Int32Array.from(split.labels);
  let ofTarget = 0;
  const order = shuffled(split.count, seed, 'poison');
  for (const index of order.subarray(0, count)) {
    poisoned[index] = 1;
    if (labels[index] === trigger.target) ofTarget++;
    labels[index] = trigger.target;
  }
  for (const index of order.subarray(count, count + noisy)) poisoned[index] = 2;
  const size = split.shape[0] * split.shape[1] * split.shape[2];
  const pixels = (indices: ArrayLike<number>): Float32Array => {
    const stamped = split.pixels(indices);
    for (let i = 0; i < indices.length; i++) {
      const [index, image] = [indices[i]!, stamped.subarray(i * size, (i + 1) * size)];
      if (poisoned[index] === 1) trigger.stamp(image);
      // Noise of its own for each image, the same whenever it is asked for.
      else if (poisoned[index] === 2) noise!(image, randomStream(seed, `noise ${index}`));
    }
    return stamped;
  };
  return { split: { count: split.count, shape: split.shape, labels, pixels }, poisoned, count, noisy, ofTarget };
}
