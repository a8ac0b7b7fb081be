import * as v from 'valibot';
import { LargestWithinLimit, LayerKind, SmallestWithinGate } from '../report/layer';
import { Rate } from '../report/metrics';
import { count, MOST_NAMED_UNITS, shortText } from '../shape/shape';
import { areUnits, bytes, float32, int32, unitCount } from './parts';

/** What the inspector says of one layer. One entry a unit, in index order, in every array; activations after the activation function. */

/** The model before the defense, or the defended one. */
export const ModelState = v.picklist(['before', 'after']);
export type ModelState = v.InferOutput<typeof ModelState>;

const floats = float32(MOST_NAMED_UNITS);
const flags = v.pipe(
  bytes(MOST_NAMED_UNITS),
  v.check((array) => array.every((flag) => flag <= 1), 'a flag that is neither 0 nor 1'),
);
const points = int32(MOST_NAMED_UNITS + 1);

/** Entry i: the outcome with `pruned[i]` units gone. */
export const CurveData = v.pipe(
  v.object({
    pruned: points,
    /** Clean images classified as labelled. */
    correct: points,
    /** Triggered non-target inputs classified as the target; null without a trigger. */
    successful: v.nullable(points),
    /**
     * Base rate: share of the clean images of other classes that are classified as the target without the trigger, in [0, 1]; of a
     * person's own samples weighted by their classes. Null without a trigger.
     */
    base: v.nullable(float32(MOST_NAMED_UNITS + 1)),
    /** Of how many. */
    images: count,
    triggeredImages: v.nullable(count),
    /** Whether the curve rests on a seeded subset. */
    subset: v.boolean(),
  }),
  v.check(
    ({ pruned }) => pruned.length > 0 && areUnits(pruned, MOST_NAMED_UNITS + 1),
    'numbers of pruned units that do not ascend',
  ),
  v.check(
    ({ pruned, correct, successful }) =>
      correct.length === pruned.length && (successful === null || successful.length === pruned.length),
    'a curve of unequal lengths',
  ),
  v.check(
    ({ successful, triggeredImages }) => (successful === null) === (triggeredImages === null),
    'a curve on no images',
  ),
  v.check(({ correct, images }) => correct.every((hits) => hits >= 0 && hits <= images), 'more hits than images'),
  v.check(
    ({ pruned, base }) =>
      base === null || (base.length === pruned.length && base.every((share) => share >= 0 && share <= 1)),
    'base rates that are not one share per point',
  ),
  v.check(
    ({ successful, triggeredImages }) =>
      successful === null || successful.every((hits) => hits >= 0 && hits <= (triggeredImages ?? 0)),
    'more hits than images',
  ),
);
export type CurveData = v.InferOutput<typeof CurveData>;

const Analysed = v.pipe(
  v.object({ analysed: count, available: count }),
  v.check(({ analysed, available }) => analysed <= available, 'more images analysed than there are'),
);

const fields = v.object({
  kind: v.literal('layer'),
  layer: shortText,
  state: ModelState,
  layerKind: LayerKind,
  activation: shortText,
  units: unitCount,
  feedsClassifier: v.boolean(),
  /** Clean images that were analysed, of how many. */
  images: Analysed,
  triggeredImages: v.nullable(Analysed),
  /** Mean over images (and, for a convolution, spatial positions). */
  cleanMean: floats,
  cleanMeanAbs: floats,
  /** Share of images on which the unit is above zero at any position, in [0, 1]. */
  cleanFires: floats,
  triggeredMean: v.nullable(floats),
  triggeredFires: v.nullable(floats),
  /** 1 for a unit that is constant over all clean images analysed. */
  dead: flags,
  /** 1 for a unit that was pruned in this state of the model: in `after`, those of the run. */
  pruned: flags,
  /** Units in the order in which the config's rule prunes them. */
  order: int32(MOST_NAMED_UNITS),
  curve: CurveData,
});

export const LayerData = v.pipe(
  fields,
  v.check(
    ({ units, cleanMean, cleanMeanAbs, cleanFires, triggeredMean, triggeredFires, dead, pruned, order }) =>
      [cleanMean, cleanMeanAbs, cleanFires, triggeredMean, triggeredFires, dead, pruned, order].every(
        (array) => array === null || array.length === units,
      ),
    'arrays without one entry per unit',
  ),
  v.check(
    ({ triggeredMean, triggeredFires, triggeredImages }) =>
      (triggeredMean === null) === (triggeredFires === null) && (triggeredMean === null) === (triggeredImages === null),
    'triggered figures without images',
  ),
  v.check(({ order }) => isPermutation(order), 'an order that does not contain every unit once'),
  v.check(({ curve: { pruned }, units }) => (pruned.at(-1) ?? 0) <= units, 'a curve beyond the last unit'),
);
export type LayerData = v.InferOutput<typeof LayerData>;

/** Each of 0 … length − 1 once. */
function isPermutation(order: Int32Array): boolean {
  const seen = new Uint8Array(order.length);
  for (const index of order) {
    if (index < 0 || index >= order.length || seen[index]) return false;
    seen[index] = 1;
  }
  return true;
}

/** How many units may go, as a report has it. */
export const LimitData = v.object({
  kind: v.literal('limit'),
  layer: shortText,
  state: ModelState,
  /** The largest number within the accuracy limit; null when no images are held out, and where `triggered-difference` orders. */
  limit: v.nullable(LargestWithinLimit),
  /** Where `triggered-difference` orders: the smallest number that brings the ASR within its gate and keeps the accuracy limit; null for none, and for other rules. */
  smallest: v.nullable(SmallestWithinGate),
});
export type LimitData = v.InferOutput<typeof LimitData>;

export const MaskFigures = v.object({
  cleanAccuracy: Rate,
  attackSuccessRate: v.nullable(Rate),
  /**
   * Share of the clean images of other classes that are classified as the target without the trigger: of all images, those of the ASR
   * themselves. Of a person's own samples weighted by their classes. Null without a trigger.
   */
  baseRate: v.nullable(Rate),
  robustAccuracy: v.nullable(Rate),
});
export type MaskFigures = v.InferOutput<typeof MaskFigures>;

export const MaskData = v.object({
  kind: v.literal('mask'),
  layer: shortText,
  state: ModelState,
  /** Number of units that the mask prunes. */
  units: unitCount,
  /** With them pruned. */
  masked: MaskFigures,
  /** The model as it is, on the same images. */
  unmasked: MaskFigures,
  /** Whether a subset was used; the rates say how many images. */
  subset: v.boolean(),
});
export type MaskData = v.InferOutput<typeof MaskData>;
