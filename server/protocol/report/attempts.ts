import * as v from 'valibot';
import { StrategyName } from '../config/strategy';
import {
  atLeast0,
  classIndex,
  count,
  list,
  MOST_CLASSES,
  MOST_UNITS,
  object,
  said,
  share,
  text,
  unitIndex,
  whole,
} from '../shape/shape';
import { GateId } from './judgement';
import { TriggeredRate } from './metrics';
import { ScanResult } from './scan-result';

/** The repairs that were tried, and what speaks for the one that was taken. */

const MOST_ATTEMPTS = 100;
const MOST_ROUNDS = 1000;

export const HeldOutFigures = object({
  images: count,
  correctBefore: said(count, 'Images classified as labelled, before the repair and after it.'),
  correct: count,
  knownTrigger: said(
    v.nullable(TriggeredRate),
    'With the known trigger stamped; null without one that can be stamped.',
  ),
  estimatedTrigger: said(
    v.nullable(TriggeredRate),
    "With the input model's estimated trigger stamped; null without one.",
  ),
  freshTrigger: said(
    v.nullable(TriggeredRate),
    'With a new trigger, searched for in the repaired model and no larger than the one estimated on the input model; null where none was made.',
  ),
});
export type HeldOutFigures = v.InferOutput<typeof HeldOutFigures>;

export const Round = said(
  object({
    inverted: said(
      list(object({ target: classIndex, norm: atLeast0 }), MOST_CLASSES),
      "The triggers that this round's inversion found, by class; empty without an inversion.",
    ),
    epochs: count,
    stamped: said(share, 'Share of the fine-tuning images that were stamped, 0 to 1.'),
    loss: said(atLeast0, "Mean loss (nats) and accuracy over the round's last epoch, as trained."),
    accuracy: share,
    heldOut: HeldOutFigures,
  }),
  'A round of a repair: with an inversion, the trigger that it was trained against.',
);
export type Round = v.InferOutput<typeof Round>;

export const Attempt = said(
  object({
    strategy: StrategyName,
    source: said(text, 'Paper that the strategy is from.'),
    layer: said(text, 'Layer whose units were pruned, and which; empty where nothing is pruned.'),
    units: list(unitIndex, MOST_UNITS),
    rounds: said(
      list(Round, MOST_ROUNDS, 1),
      'Rounds of inversion and fine-tuning; one for strategies without an inversion.',
    ),
    keptRound: said(whole(MOST_ROUNDS, 1), 'Number of the round that was kept, counted from 1.'),
    heldOut: HeldOutFigures,
    met: said(v.boolean(), 'Whether both gates are met on held-out images.'),
    missed: v.optional(
      said(
        list(GateId, 2),
        'The gates that are missed there; empty where both are met. Absent in reports from before this field, whose choice went by another order.',
      ),
    ),
    chosen: said(v.boolean(), "Whether the defended model is this attempt's."),
    sentence: said(text, 'One sentence: what came out, and why it was kept or not.'),
  }),
  'One repair that was tried. Everything in it was measured on held-out clean images; none of it on the test set.',
);
export type Attempt = v.InferOutput<typeof Attempt>;
export const Attempts = list(Attempt, MOST_ATTEMPTS);

export const Proof = said(
  object({
    scan: said(ScanResult, 'A scan of the repaired model, all classes.'),
    bounded: said(
      list(
        object({
          target: classIndex,
          norm: said(atLeast0, 'Norm that it may have, in pixels.'),
          before: TriggeredRate,
          after: TriggeredRate,
        }),
        MOST_CLASSES,
      ),
      'For each class that was suspicious in the input model: the success of a new trigger that is no larger than the one found in the input model, on images of other classes that no trigger was searched on.',
    ),
    measuredOn: v.optional(
      said(
        v.literal('test'),
        '`test`: that success was measured on test images; absent: on held-out ones, as in reports from before this field.',
      ),
    ),
    basis: said(
      v.picklist(['known trigger', 'known trigger and fresh scan', 'fresh scan']),
      'What the verdict is based on.',
    ),
    sentence: said(text, 'One sentence.'),
  }),
  'What speaks for a repair beyond the trigger that it was made with.',
);
export type Proof = v.InferOutput<typeof Proof>;
