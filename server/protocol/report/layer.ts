import * as v from 'valibot';
import { PruneRatio, PruneRule } from '../config/pruning';
import {
  atLeast0,
  count,
  finite,
  list,
  MOST_CLASSES,
  MOST_UNITS,
  object,
  said,
  share,
  text,
  unitCount,
  unitIndex,
  whole,
} from '../shape/shape';

/** The layer that was pruned: its units, what was pruned of them, and the curve. */

export const LayerKind = v.picklist(['Dense', 'Conv2D', 'Add']);
const units = list(unitIndex, MOST_UNITS);

export const UnitActivation = object({
  cleanMean: said(finite, 'Mean over the clean images (and positions), after the activation function.'),
  cleanMeanAbs: said(atLeast0, 'Mean of the absolute value.'),
  cleanFires: said(share, 'Share of clean images on which the unit fires (any position above zero), in [0, 1].'),
  triggeredMean: said(v.nullable(finite), 'Mean over the triggered images; null without a trigger.'),
  triggeredFires: v.nullable(share),
});
export type UnitActivation = v.InferOutput<typeof UnitActivation>;

export const LayerAnalysis = object({
  name: said(text, 'The layer whose units were analysed and pruned.'),
  kind: LayerKind,
  activation: said(text, 'Activation function whose output was measured, e.g. `relu`.'),
  chosen: said(
    v.picklist(['penultimate', 'named', 'last']),
    "Found automatically, or named in the config or by a strategy. `last`: the last that can be pruned, of a model whose penultimate layer can't.",
  ),
  units: whole(MOST_UNITS, 1),
  images: said(count, 'Number of clean images analysed.'),
  dead: said(units, 'Indices of units that are constant over the whole clean set.'),
  activations: said(list(UnitActivation, MOST_UNITS), 'One entry for each unit, in index order.'),
  classMeans: said(
    list(list(finite, MOST_CLASSES), MOST_UNITS),
    'Of each unit its mean on the clean images of each class; empty for a unit that is 0 on all of them, and for every unit above 100 classes.',
  ),
});
export type LayerAnalysis = v.InferOutput<typeof LayerAnalysis>;

export const PruningResult = object({
  rule: PruneRule,
  ratio: said(v.nullable(PruneRatio), 'As asked: a share, or `auto`; null when the units were named in the config.'),
  count: said(unitCount, 'Number of pruned units.'),
  units: said(
    units,
    'Their indices, in the order in which they were pruned: lowest score first, ties by lower index; ascending when they were named.',
  ),
  dead: said(unitCount, 'How many of them were dead anyway.'),
  amongTriggerRaised: said(
    v.nullable(unitCount),
    'How many of the units that the trigger raises most (as many as were pruned) are among them; null without a trigger.',
  ),
});
export type PruningResult = v.InferOutput<typeof PruningResult>;

export const CurvePoint = object({
  pruned: said(unitCount, 'Number of pruned units.'),
  correct: said(count, 'Clean images classified as labelled.'),
  successful: said(v.nullable(count), 'Triggered non-target inputs classified as the target; null without a trigger.'),
});
export type CurvePoint = v.InferOutput<typeof CurvePoint>;

export const LargestWithinLimit = object({
  pruned: unitCount,
  heldOut: object({ images: count, correctBefore: count, correct: count }),
});
export const SmallestWithinGate = object({
  pruned: unitCount,
  heldOut: object({ images: count, triggeredImages: count, successful: count, correct: count }),
});

export const PruningCurve = object({
  points: said(
    list(CurvePoint, MOST_UNITS + 1),
    'All points 0…n, or at most 65 of them for a layer that does not feed the classifier directly.',
  ),
  images: count,
  triggeredImages: v.nullable(count),
  subset: said(v.boolean(), 'Whether the curve was computed on a seeded subset of the test set.'),
  largestWithinLimit: said(
    v.nullable(LargestWithinLimit),
    'The largest number of pruned units within `maxAccuracyDrop`, chosen on held-out clean data; null without held-out data.',
  ),
  smallestWithinGate: v.optional(
    said(
      v.nullable(SmallestWithinGate),
      'For the rule `triggered-difference`: the smallest number of pruned units that brings the (estimated) ASR on held-out images within its gate and keeps the accuracy limit; null where there is none. Absent for other rules.',
    ),
  ),
});
export type PruningCurve = v.InferOutput<typeof PruningCurve>;
