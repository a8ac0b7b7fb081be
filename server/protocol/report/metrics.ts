import * as v from 'valibot';
import { count, list, MOST_CLASSES, classIndex, object, said, share, signedShare } from '../shape/shape';

/** What was measured: shares with their counts, confusion, and what a trigger does. */

/** A share with its count and 95 % Wilson score interval (Wilson 1927). */
export const Rate = said(
  object({
    rate: said(share, 'hits / of, in [0, 1].'),
    hits: count,
    of: count,
    low: said(share, 'Lower and upper bound of the 95 % Wilson interval.'),
    high: share,
  }),
  'A share with its count and 95 % Wilson score interval (Wilson 1927).',
);
export type Rate = v.InferOutput<typeof Rate>;

export const TriggeredRate = said(
  object({
    ...Rate.entries,
    untriggered: v.optional(
      said(
        object({ hits: count, gained: count, lost: count }),
        'Where more than 1 % of the same images go to the class without the trigger: how many do, and how many do only with the trigger (`gained`) or only without it (`lost`). The success is then judged by its excess, (gained − lost) / of.',
      ),
    ),
  }),
  'Success of a trigger on images of other classes.',
);
export type TriggeredRate = v.InferOutput<typeof TriggeredRate>;

const counts = list(count, MOST_CLASSES);

export const SparseConfusion = said(
  object({
    of: said(counts, 'Images of each true class, and how many of them are classified as labelled.'),
    correct: counts,
    wrong: said(
      list(object({ label: classIndex, as: list(v.strictTuple([classIndex, count]), MOST_CLASSES, 1) }), MOST_CLASSES),
      'Of each true class that has errors, what its images are taken for: [predicted class, images], by class. At most 5,000 pairs in all, those with the most images.',
    ),
    omitted: said(count, 'Images that are left out of `wrong`.'),
  }),
  'A confusion matrix: counts by true class, and what was taken for another class.',
);
export type SparseConfusion = v.InferOutput<typeof SparseConfusion>;

export const StageConfusion = said(
  object({
    clean: said(SparseConfusion, 'Over the clean test images.'),
    triggered: said(v.nullable(SparseConfusion), 'Over the triggered inputs of the ASR; null without a trigger.'),
  }),
  'What a model takes the test images for at a stage.',
);
export type StageConfusion = v.InferOutput<typeof StageConfusion>;

export const TriggerEffect = said(
  object({
    baseRate: said(
      Rate,
      "Share of the ASR's images that are taken for the target without the trigger. Your own triggered samples have no counterpart without it: hits and number are then of the test images of other classes, rate and interval of these weighted by the samples' classes.",
    ),
    ofTarget: said(
      list(v.strictTuple([classIndex, count]), MOST_CLASSES),
      'What the images of the target class are taken for with the trigger: [predicted class, images]; none for 0.',
    ),
    classes: said(
      v.nullable(list(object({ class: classIndex, gained: count, lost: count }), MOST_CLASSES)),
      'Classes that gain or lose an image, by number; null for samples, which have no counterparts without the trigger.',
    ),
    netWrong: said(
      signedShare,
      'Images that are wrong with the trigger less those that it makes right, as a share of all with the trigger, in [−1, 1].',
    ),
  }),
  'What a trigger does to the test images, those of the target class too: each with it and without it, by the same model. For a class, an image that is not labelled so and is taken for it only with the trigger is *gained*, one only without it *lost*; the *excess* is (gained − lost) / images not labelled so.',
);
export type TriggerEffect = v.InferOutput<typeof TriggerEffect>;

export const StageMetrics = object({
  cleanAccuracy: Rate,
  attackSuccessRate: said(
    v.nullable(Rate),
    'Null without a trigger. Over triggered inputs whose true class is not the target.',
  ),
  robustAccuracy: said(
    v.nullable(Rate),
    'Null without a trigger. Over those same inputs: classified as their true class.',
  ),
  effect: v.optional(
    said(
      TriggerEffect,
      'What the trigger does to every test image; absent without a trigger, and in reports that an earlier version wrote.',
    ),
  ),
});
export type StageMetrics = v.InferOutput<typeof StageMetrics>;

export const McNemar = said(
  object({
    onlyBefore: said(count, 'Right (or successful) before, not after.'),
    onlyAfter: said(count, 'Right (or successful) after, not before.'),
    pValue: share,
  }),
  "McNemar's exact test on paired outcomes (McNemar 1947; two-sided binomial on the discordant pairs).",
);
export type McNemar = v.InferOutput<typeof McNemar>;
