import * as v from 'valibot';
import type { InspectAnswer } from '../../server/protocol/messages/inspect';
import {
  MOST_UNITS,
  areUnits,
  bytes,
  finite,
  float32,
  int32,
  list,
  pruneRule,
  rate,
  share,
  strategyName,
  text,
  triggerKind,
  uint32,
  unit,
  unitCount,
  whole,
  type Holds,
  type Same,
} from './parts';
import { scan, scanWord } from './scan-value';

/** Answers of the inspector's engine, as the page takes them: lengths that fit together, finite numbers, bounded sizes. */

const MOST_CLASSES = 65_536;
const MOST_IMAGE_BYTES = 4 * 1024 * 1024;
const MOST_PICTURES = 1024;
const MOST_BINS = 10_000;

export const modelState = v.picklist(['before', 'after']);
const layerKind = v.picklist(['Dense', 'Conv2D', 'Add']);
const classIndex = whole(MOST_CLASSES - 1);
const analysed = v.pipe(
  v.object({ analysed: whole(), available: whole() }),
  v.check(({ analysed, available }) => analysed <= available, 'more images analysed than there are'),
);

const overview = v.object({
  kind: v.literal('open'),
  fingerprint: text,
  name: text,
  model: v.object({ path: text, layers: whole(), parameters: whole() }),
  classes: whole(MOST_CLASSES),
  shape: v.tuple([whole(65_535), whole(65_535), whole(65_535)]),
  layers: list(v.object({ name: text, kind: layerKind, units: whole(), feedsClassifier: v.boolean() }), 10_000),
  chosen: text,
  strategy: v.nullable(
    v.union([v.picklist(strategyName.options.filter((name) => name !== 'fine-pruning')), v.literal('auto')]),
  ),
  prune: v.object({
    ratio: v.nullable(v.union([share, v.literal('auto')])),
    rule: pruneRule,
    guide: v.nullable(v.picklist(['known', 'estimated'])),
    units: v.nullable(list(unit, MOST_UNITS)),
  }),
  gates: v.object({ maxAttackSuccessRate: share, maxAccuracyDrop: share }),
  trigger: v.nullable(v.object({ kind: triggerKind, target: classIndex })),
  search: v.nullable(
    v.object({
      word: scanWord,
      sentence: text,
      taken: v.nullable(v.object({ norm: v.pipe(finite, v.minValue(0)), success: rate, flagged: v.boolean() })),
    }),
  ),
  images: v.object({
    analysis: whole(),
    analysisRole: v.picklist(['test', 'holdout']),
    test: whole(),
    holdout: whole(),
    triggered: v.nullable(whole()),
  }),
  backend: v.object({ name: v.picklist(['native', 'wasm']), why: text, version: text }),
  report: v.nullable(
    v.object({
      verdict: v.object({ word: text, sentence: text }),
      changed: list(text, 1000),
      layer: text,
      pruned: list(unit, MOST_UNITS),
      after: v.boolean(),
      settings: v.optional(text),
    }),
  ),
});

const floats = float32(MOST_UNITS);
const flags = v.pipe(
  bytes(MOST_UNITS),
  v.check((array) => array.every((flag) => flag <= 1), 'a flag that is neither 0 nor 1'),
);

const curve = v.pipe(
  v.object({
    pruned: int32(MOST_UNITS + 1),
    correct: int32(MOST_UNITS + 1),
    successful: v.nullable(int32(MOST_UNITS + 1)),
    base: v.nullable(float32(MOST_UNITS + 1)),
    images: whole(),
    triggeredImages: v.nullable(whole()),
    subset: v.boolean(),
  }),
  v.check(
    ({ pruned }) => pruned.length > 0 && areUnits(pruned, MOST_UNITS + 1),
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

/** Each of 0 … length − 1 once. */
function isPermutation(order: Int32Array): boolean {
  const seen = new Uint8Array(order.length);
  for (const index of order) {
    if (index < 0 || index >= order.length || seen[index]) return false;
    seen[index] = 1;
  }
  return true;
}

const layer = v.pipe(
  v.object({
    kind: v.literal('layer'),
    layer: text,
    state: modelState,
    layerKind,
    activation: text,
    units: unitCount,
    feedsClassifier: v.boolean(),
    images: analysed,
    triggeredImages: v.nullable(analysed),
    cleanMean: floats,
    cleanMeanAbs: floats,
    cleanFires: floats,
    triggeredMean: v.nullable(floats),
    triggeredFires: v.nullable(floats),
    dead: flags,
    pruned: flags,
    order: int32(MOST_UNITS),
    curve,
  }),
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

const limit = v.object({
  kind: v.literal('limit'),
  layer: text,
  state: modelState,
  limit: v.nullable(
    v.object({
      pruned: unitCount,
      heldOut: v.object({ images: whole(), correctBefore: whole(), correct: whole() }),
    }),
  ),
  smallest: v.nullable(
    v.object({
      pruned: unitCount,
      heldOut: v.object({ images: whole(), triggeredImages: whole(), successful: whole(), correct: whole() }),
    }),
  ),
});

const picture = v.object({
  index: whole(),
  pixels: bytes(MOST_IMAGE_BYTES),
  label: classIndex,
  predicted: classIndex,
  activation: finite,
});
const perClass = float32(MOST_CLASSES);

const unitAnswer = v.pipe(
  v.object({
    kind: v.literal('unit'),
    layer: text,
    state: modelState,
    unit,
    sentence: text,
    histogram: v.pipe(
      v.object({ edges: float32(MOST_BINS + 1), clean: uint32(MOST_BINS), triggered: v.nullable(uint32(MOST_BINS)) }),
      v.check(
        ({ edges, clean, triggered }) =>
          clean.length > 0 &&
          edges.length === clean.length + 1 &&
          (triggered === null || triggered.length === clean.length),
        'bins and edges that do not fit',
      ),
      v.check(
        ({ edges }) => edges.every((edge, i) => i === 0 || edge >= (edges[i - 1] ?? 0)),
        'edges that do not ascend',
      ),
    ),
    perClass: v.pipe(
      v.object({ clean: perClass, triggered: v.nullable(perClass) }),
      v.check(
        ({ clean, triggered }) => triggered === null || triggered.length === clean.length,
        'classes that do not fit',
      ),
    ),
    top: v.object({ clean: list(picture, MOST_PICTURES), triggered: v.nullable(list(picture, MOST_PICTURES)) }),
    filter: v.nullable(
      v.pipe(
        v.object({ height: whole(1024), width: whole(1024), channels: whole(1024), values: float32(MOST_IMAGE_BYTES) }),
        v.check(
          ({ height, width, channels, values }) => values.length === height * width * channels,
          'a filter whose size does not fit',
        ),
      ),
    ),
    outgoing: v.nullable(perClass),
  }),
  v.check(
    ({ perClass: { clean }, outgoing }) => outgoing === null || outgoing.length === clean.length,
    'weights that are not one per class',
  ),
);

const figures = v.object({
  cleanAccuracy: rate,
  attackSuccessRate: v.nullable(rate),
  baseRate: v.nullable(rate),
  robustAccuracy: v.nullable(rate),
});
const mask = v.object({
  kind: v.literal('mask'),
  layer: text,
  state: modelState,
  units: unitCount,
  masked: figures,
  unmasked: figures,
  subset: v.boolean(),
});

const predictions = v.object({ clean: classIndex, triggered: classIndex });
const examples = v.object({
  kind: v.literal('examples'),
  target: classIndex,
  examples: list(
    v.object({
      index: whole(),
      label: classIndex,
      clean: bytes(MOST_IMAGE_BYTES),
      triggered: bytes(MOST_IMAGE_BYTES),
      before: predictions,
      after: v.nullable(predictions),
    }),
    MOST_PICTURES,
  ),
});

const scanAnswer = v.object({
  kind: v.literal('scan'),
  found: v.nullable(
    v.object({ source: v.picklist(['trigger', 'cache', 'file', 'report']), file: v.nullable(text), scan }),
  ),
});

export const answer = v.variant('kind', [overview, layer, limit, unitAnswer, mask, examples, scanAnswer]);
export type AnswerHolds = Holds<Same<v.InferOutput<typeof answer>, InspectAnswer>>;
