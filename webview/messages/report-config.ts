import * as v from 'valibot';
import type { ResolvedConfig } from '../../server/protocol/config';
import { DATA_FORMATS, fieldsOf, type SplitFiles } from '../../server/protocol/data-source';
import {
  MOST_UNITS,
  finite,
  list,
  pruneRule,
  share,
  strategyName,
  text,
  unit,
  whole,
  type Holds,
  type Same,
} from './parts';

/** The config that a report records. Sizes are bounded so that no page draws without end. */

const MOST_CHANNELS = 65_535;

const channels = list(finite, MOST_CHANNELS);
/** The files of a split, with the fields of a format: the table says them to the compiler as text only. */
const files = v.union(
  DATA_FORMATS.map((format) => v.object(Object.fromEntries(fieldsOf(format).map(({ name }) => [name, text])))),
) as unknown as v.GenericSchema<unknown, SplitFiles>;
const vertical = v.object({ from: v.picklist(['top', 'bottom']), distance: finite });
const horizontal = v.object({ from: v.picklist(['left', 'right']), distance: finite });
const target = whole();

const trigger = v.variant('kind', [
  v.object({
    kind: v.literal('patch'),
    target,
    size: v.nullable(v.tuple([finite, finite])),
    vertical,
    horizontal,
    value: channels,
    image: v.nullable(text),
  }),
  v.object({ kind: v.literal('blended'), target, alpha: finite, image: v.nullable(text), patternSeed: finite }),
  v.object({ kind: v.literal('sinusoidal'), target, amplitude: finite, frequency: finite }),
  v.object({ kind: v.literal('warped'), target, grid: finite, strength: finite, patternSeed: finite }),
  v.object({ kind: v.literal('samples'), target, images: text, labels: text }),
  v.object({ kind: v.literal('inverted'), target: v.nullable(target) }),
]);

export const resolvedConfig = v.object({
  model: text,
  data: v.object({
    format: v.picklist(DATA_FORMATS),
    train: files,
    test: files,
    analysis: v.picklist(['test', 'holdout']),
    holdout: finite,
    holdoutNamed: v.optional(v.literal(true)),
    fineTuneImages: v.nullable(finite),
    analysisImages: v.nullable(finite),
    testImages: v.nullable(finite),
    scale: finite,
    mean: channels,
    std: channels,
  }),
  trigger: v.nullable(trigger),
  layer: v.nullable(text),
  prune: v.object({
    ratio: v.nullable(v.union([share, v.literal('auto')])),
    rule: pruneRule,
    units: v.optional(list(unit, MOST_UNITS)),
  }),
  strategy: v.optional(
    v.union([v.picklist(strategyName.options.filter((name) => name !== 'fine-pruning')), v.literal('auto')]),
  ),
  curve: v.picklist(['quick', 'full']),
  fineTune: v.object({ epochs: finite, learningRate: finite, batchSize: finite }),
  gates: v.object({ maxAttackSuccessRate: share, maxAccuracyDrop: share, acceptEstimated: v.boolean() }),
  seed: finite,
  backend: v.picklist(['auto', 'native', 'wasm']),
  threads: finite,
});
export type ResolvedConfigHolds = Holds<Same<v.InferOutput<typeof resolvedConfig>, ResolvedConfig>>;
