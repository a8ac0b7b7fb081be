import * as v from 'valibot';
import { DATA_FORMATS } from '../../server/protocol/data-source';
import { classesOf, cleanConfusion } from '../../server/protocol/report/confusion';
import type { DefenseReport } from '../../server/protocol/report/report';
import {
  finite,
  list,
  mcNemar,
  pruneRule,
  rate,
  share,
  text,
  triggerKind,
  whole,
  type Holds,
  type Same,
} from './parts';
import { attempts, proof } from './repair-value';
import { resolvedConfig } from './report-config';
import { fitsShape, scan } from './scan-value';

/** A defense report on its way to a page: lengths that fit together, finite numbers, bounded sizes. */

/** As many as the reader of reports allows. */
const MOST_UNITS = 1_000_000;
const MOST_CLASSES = 100_000;
const MOST_ENTRIES = 10_000;

/** Numbers in one pass: a schema for each of millions would take seconds. */
const numbers = (most: number, fits: (value: number) => boolean) =>
  v.pipe(
    v.custom<number[]>((value) => Array.isArray(value), 'expected an array'),
    v.check((array) => array.length <= most, `more than ${most} numbers`),
    v.check(
      (array) => array.every((value: unknown) => typeof value === 'number' && fits(value)),
      'an entry that does not belong',
    ),
  );
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const counts = (most: number) => numbers(most, isCount);
const units = v.pipe(
  counts(MOST_UNITS),
  v.check((array) => new Set(array).size === array.length, 'a unit named twice'),
);

const matrix = v.pipe(
  list(counts(MOST_CLASSES), MOST_CLASSES),
  v.check((rows) => rows.every((row) => row.length === rows.length), 'a confusion matrix that is not square'),
);
const sparseMatrix = v.object({
  of: counts(MOST_CLASSES),
  correct: counts(MOST_CLASSES),
  wrong: list(v.tuple([whole(MOST_CLASSES), whole(MOST_CLASSES), whole()]), MOST_ENTRIES),
  omitted: whole(),
});
const effect = v.object({
  baseRate: rate,
  ofTarget: list(v.tuple([whole(MOST_CLASSES), whole()]), MOST_CLASSES),
  classes: v.nullable(list(v.object({ class: whole(MOST_CLASSES), gained: whole(), lost: whole() }), MOST_CLASSES)),
  netWrong: finite,
});
const stage = v.pipe(
  v.object({
    cleanAccuracy: rate,
    attackSuccessRate: v.nullable(rate),
    robustAccuracy: v.nullable(rate),
    confusion: matrix,
    triggeredConfusion: v.nullable(matrix),
    perClass: list(rate, MOST_CLASSES),
    sparse: v.optional(v.object({ clean: sparseMatrix, triggered: v.nullable(sparseMatrix) })),
    effect: v.optional(effect),
  }),
  v.check(
    ({ confusion, triggeredConfusion, perClass }) =>
      perClass.length === confusion.length &&
      (triggeredConfusion === null || triggeredConfusion.length === confusion.length),
    'figures that are not one per class',
  ),
);

const verdictWord = v.picklist([
  'not measurable',
  'no effect before',
  'not mitigated',
  'accuracy lost',
  'mitigated',
  'mitigated, estimated trigger only',
]);
export const severity = v.picklist(['error', 'warning', 'information']);
export const gateId = v.picklist(['maxAttackSuccessRate', 'maxAccuracyDrop']);
export const gate = v.object({
  id: gateId,
  limit: share,
  measured: v.nullable(finite),
  judged: v.nullable(finite),
  met: v.boolean(),
  excess: v.optional(v.object({ class: whole(MOST_CLASSES) })),
});
export const findingId = v.picklist([
  'pruned-all-dead',
  'pruned-mostly-dead',
  'pruning-changed-nothing',
  'fine-tuning-did-the-work',
  'fine-tuning-restored-backdoor',
  'analysis-on-test-set',
  'test-set-too-small',
  'fine-tune-subset',
  'test-subset',
  'analysis-subset',
  'no-holdout',
  'trigger-unknown',
  'negative-activations',
  'accuracy-near-chance',
  'accuracy-low',
  'robust-accuracy-low',
  'nothing-pruned',
  'curve-subset',
  'frozen-layers',
  'trigger-estimated',
  'no-trigger-found',
  'target-not-suspicious',
  'scan-flags-repaired',
  'scan-suspicious',
  'no-repair-met-gates',
  'trigger-reaches-other-class',
  'classes-not-judged',
]);

const layer = v.pipe(
  v.object({
    name: text,
    kind: v.picklist(['Dense', 'Conv2D', 'Add']),
    activation: text,
    chosen: v.picklist(['penultimate', 'named', 'last']),
    units: whole(MOST_UNITS),
    images: whole(),
    dead: units,
    activations: list(
      v.object({
        cleanMean: finite,
        cleanMeanAbs: finite,
        cleanFires: share,
        perClass: numbers(MOST_CLASSES, Number.isFinite),
        triggeredMean: v.nullable(finite),
        triggeredFires: v.nullable(share),
      }),
      MOST_UNITS,
    ),
  }),
  v.check(({ units, activations }) => activations.length === units, 'activations that are not one per unit'),
  v.check(({ units, dead }) => dead.every((unit) => unit < units), 'a unit beyond the last'),
);
const curve = v.pipe(
  v.object({
    points: list(
      v.object({ pruned: whole(MOST_UNITS), correct: whole(), successful: v.nullable(whole()) }),
      MOST_UNITS + 1,
    ),
    images: whole(),
    triggeredImages: v.nullable(whole()),
    subset: v.boolean(),
    largestWithinLimit: v.nullable(
      v.object({
        pruned: whole(MOST_UNITS),
        heldOut: v.object({ images: whole(), correctBefore: whole(), correct: whole() }),
      }),
    ),
    smallestWithinGate: v.optional(
      v.nullable(
        v.object({
          pruned: whole(MOST_UNITS),
          heldOut: v.object({ images: whole(), triggeredImages: whole(), successful: whole(), correct: whole() }),
        }),
      ),
    ),
  }),
  v.check(
    ({ points, images, triggeredImages }) =>
      points.every(({ correct, successful }) => correct <= images && (successful ?? 0) <= (triggeredImages ?? 0)),
    'more hits than images',
  ),
);

const hashed = { topology: text, weights: text };
export const defenseReport = v.pipe(
  v.object({
    schemaVersion: v.literal(1),
    verdict: v.object({ word: verdictWord, sentence: text }),
    gates: list(gate, MOST_ENTRIES),
    findings: list(v.object({ id: findingId, severity, message: text }), MOST_ENTRIES),
    stages: v.object({ before: stage, pruned: stage, after: stage }),
    comparison: v.object({ cleanAccuracy: mcNemar, attackSuccess: v.nullable(mcNemar) }),
    layer,
    pruning: v.object({
      rule: pruneRule,
      ratio: v.nullable(v.union([share, v.literal('auto')])),
      count: whole(MOST_UNITS),
      units,
      dead: whole(MOST_UNITS),
      amongTriggerRaised: v.nullable(whole(MOST_UNITS)),
    }),
    curve,
    fineTuning: v.object({
      epochs: whole(),
      steps: whole(),
      images: whole(),
      batchSize: whole(),
      learningRate: finite,
      optimizer: v.literal('adam'),
      history: list(v.object({ epoch: whole(), loss: finite, accuracy: share }), MOST_ENTRIES),
      frozen: list(text, MOST_ENTRIES),
    }),
    trigger: v.nullable(
      v.object({ kind: triggerKind, source: v.picklist(['known', 'estimated']), target: whole(), inputs: whole() }),
    ),
    data: v.object({
      format: v.picklist(DATA_FORMATS),
      classes: whole(),
      shape: v.tuple([finite, finite, finite]),
      analysis: v.object({ role: v.picklist(['test', 'holdout']), images: whole() }),
      holdout: v.object({ images: whole() }),
      fineTune: v.object({ images: whole(), available: whole() }),
      test: v.object({ images: whole(), available: whole() }),
      files: list(v.object({ path: text, sha256: text }), MOST_ENTRIES),
    }),
    model: v.object({
      format: v.literal('tfjs-layers'),
      path: text,
      layers: whole(),
      parameters: whole(),
      before: v.object(hashed),
      after: v.nullable(v.object({ path: text, ...hashed })),
    }),
    scan: v.optional(scan),
    attempts: v.optional(attempts),
    proof: v.optional(proof),
    repaired: v.boolean(),
    provenance: v.object({
      tool: text,
      backend: v.picklist(['native', 'wasm']),
      engine: text,
      threads: whole(),
      oneDnn: v.nullable(v.boolean()),
      cpuFeatures: list(text, MOST_ENTRIES),
      configHash: text,
      config: resolvedConfig,
      overridden: v.optional(list(v.picklist(['strategy', 'data.fineTuneImages', 'seed', 'curve']), 4)),
    }),
  }),
  v.check(({ layer, pruning }) => pruning.units.every((unit) => unit < layer.units), 'a pruned unit beyond the last'),
  v.check(
    ({ stages: { before, pruned, after } }) =>
      [pruned, after].every((one) => cleanConfusion(one).classes === cleanConfusion(before).classes),
    'stages with different numbers of classes',
  ),
  v.check(
    ({ stages, scan, proof }) =>
      [scan, proof?.scan].every(
        (one) =>
          !one ||
          one.classes.length ===
            (one.word === 'not measurable' && one.classes.length === 0 ? 0 : classesOf({ stages })),
      ),
    'a scan without one entry per class',
  ),
  v.check(
    ({ data, scan, proof }) => [scan, proof?.scan].every((one) => !one || fitsShape(one, data.shape)),
    'an estimated trigger whose size differs from the images',
  ),
);
export type DefenseReportHolds = Holds<Same<v.InferOutput<typeof defenseReport>, DefenseReport>>;
