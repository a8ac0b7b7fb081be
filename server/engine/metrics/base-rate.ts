import type { Rate } from '../../protocol/report/report';
import { roundShare, wilson, Z } from './rate';

/** Images without the trigger, by true class. */
export interface ClassCounts {
  of: ArrayLike<number>;
  /** Those of them that are taken for the class in question. */
  hits: ArrayLike<number>;
}

/** A weighted share with the number of images that a plain share of the same variance would need; 0 images give 0. */
export interface WeightedShare {
  share: number;
  images: number;
}

/**
 * Share of images without a trigger that are taken for a class, its true classes as frequent as in other images: the share is
 * Σ W_c p_c, where W_c is the class's share of the other images. Its variance is that of a stratified sample; the effective number of
 * images is Kish's, 1 / Σ (W_c² / n_c) (Kish 1965, "Survey sampling", section 11.7). Images of a class that has none here count as
 * never taken for it.
 *
 * @param wanted other images of each class, those that count only; where they are `clean.of` themselves, the share is the plain one
 */
export function weightedShare(clean: ClassCounts, wanted: ArrayLike<number>): WeightedShare {
  let all = 0;
  for (let c = 0; c < wanted.length; c++) all += wanted[c]!;
  let [share, inverse] = [0, 0];
  for (let c = 0; c < wanted.length; c++) {
    if (wanted[c] === 0 || clean.of[c] === 0) continue;
    const weight = wanted[c]! / all;
    share += weight * (clean.hits[c]! / clean.of[c]!);
    inverse += (weight * weight) / clean.of[c]!;
  }
  return { share: Math.min(1, share), images: inverse === 0 ? 0 : 1 / inverse };
}

/**
 * Share of images of other classes that a model takes for the target without any trigger.
 *
 * @param samples a person's own triggered images of each class, which are other images than the clean ones: rate and interval are then
 * those of clean images with the samples' classes, hits and number those of the clean images; null where every clean image has its twin
 */
export function baseRateOf(clean: ClassCounts, samples: ArrayLike<number> | null, target: number): Rate {
  const others = (counts: ArrayLike<number>): number[] => Array.from(counts, (n, c) => (c === target ? 0 : n));
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  const [hits, of] = [sum(others(clean.hits)), sum(others(clean.of))];
  const { share, images } = samples
    ? weightedShare(clean, others(samples))
    : { share: of === 0 ? 0 : hits / of, images: of };
  if (images === 0) return { rate: 0, hits, of, low: 0, high: 1 };
  const { low, high } = wilson(share === 1 ? images : share * images, images, Z);
  return { rate: roundShare(share), hits, of, low: roundShare(low), high: roundShare(high) };
}

/** Counts by true class of images that are taken for one class. */
export function countsFor(
  labels: Int32Array,
  predicted: Int32Array,
  wanted: number,
  classes: number,
): { of: Int32Array; hits: Int32Array } {
  const [of, hits] = [new Int32Array(classes), new Int32Array(classes)];
  labels.forEach((label, at) => {
    of[label]!++;
    if (predicted[at] === wanted) hits[label]!++;
  });
  return { of, hits };
}

/**
 * What each image counts in the share of `weightedShare`: the weights of images of other classes than the target sum to 1, or to 0
 * where there is none.
 *
 * @param samples as `baseRateOf` has them
 */
export function imageWeights(
  labels: Int32Array,
  samples: ArrayLike<number> | null,
  target: number,
  classes: number,
): Float64Array {
  const of = classCounts(labels, classes);
  const wanted = Array.from(samples ?? of, (n, c) => (c === target ? 0 : n));
  const all = wanted.reduce((a, b) => a + b, 0);
  return Float64Array.from(labels, (label) => (label === target ? 0 : wanted[label]! / (of[label]! * all)));
}

/** Images of each class. */
export function classCounts(labels: Int32Array, classes: number): Int32Array {
  const of = new Int32Array(classes);
  for (const label of labels) of[label]!++;
  return of;
}

/**
 * Images that a trigger makes wrong, net, of samples without twins, in [−1, 1]: what would be right of as many clean images of each
 * class, less what is right of the samples. Samples of a class without clean images count in the number only.
 *
 * @param right clean images that are classified as labelled, `samples` those of the samples that are
 */
export function expectedWrong(right: ClassCounts, samples: ClassCounts): number {
  let [net, all] = [0, 0];
  for (let c = 0; c < samples.of.length; c++) {
    all += samples.of[c]!;
    if (right.of[c]! > 0) net += (samples.of[c]! * right.hits[c]!) / right.of[c]! - samples.hits[c]!;
  }
  return all === 0 ? 0 : net / all;
}
