import * as v from 'valibot';
import type { Attempt, Proof } from '../../server/protocol/report/report';
import { finite, list, rate, share, strategyName, text, whole, type Holds, type Same } from './parts';
import { scan } from './scan-value';

/** The repairs that were tried, and what speaks for the one that was taken, on their way to a page. */

/** As many as the reader of reports allows. */
const MOST_UNITS = 1_000_000;
const MOST_CLASSES = 100_000;
const MOST_ROUNDS = 1000;
const MOST_ATTEMPTS = 100;

const atLeast0 = v.pipe(finite, v.minValue(0));
const target = whole(MOST_CLASSES - 1);
const triggeredRate = v.object({
  ...rate.entries,
  untriggered: v.optional(v.object({ hits: whole(), gained: whole(), lost: whole() })),
});
const nullableRate = v.nullable(triggeredRate);
const heldOut = v.object({
  images: whole(),
  correctBefore: whole(),
  correct: whole(),
  knownTrigger: nullableRate,
  estimatedTrigger: nullableRate,
  freshTrigger: nullableRate,
});
const round = v.object({
  inverted: list(v.object({ target, norm: atLeast0 }), MOST_CLASSES),
  epochs: whole(),
  stamped: share,
  loss: finite,
  accuracy: share,
  heldOut,
});

export const attempts = list(
  v.pipe(
    v.object({
      strategy: strategyName,
      source: text,
      layer: text,
      units: list(whole(MOST_UNITS - 1), MOST_UNITS),
      rounds: list(round, MOST_ROUNDS),
      keptRound: whole(MOST_ROUNDS),
      heldOut,
      met: v.boolean(),
      missed: v.optional(list(v.picklist(['maxAttackSuccessRate', 'maxAccuracyDrop']), 2)),
      chosen: v.boolean(),
      sentence: text,
    }),
    v.check(
      ({ keptRound, rounds }) => keptRound >= 1 && keptRound <= rounds.length,
      'a kept round that does not exist',
    ),
  ),
  MOST_ATTEMPTS,
);
export type AttemptsHold = Holds<Same<v.InferOutput<typeof attempts>, Attempt[]>>;

export const proof = v.object({
  scan,
  bounded: list(v.object({ target, norm: atLeast0, before: triggeredRate, after: triggeredRate }), MOST_CLASSES),
  measuredOn: v.optional(v.literal('test')),
  basis: v.picklist(['known trigger', 'known trigger and fresh scan', 'fresh scan']),
  sentence: text,
});
export type ProofHolds = Holds<Same<v.InferOutput<typeof proof>, Proof>>;
