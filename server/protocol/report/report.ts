import * as v from 'valibot';
import { DataFormat } from '../data-source';
import { MODEL_FORMAT_IDS } from '../files';
import { AnalysisRole } from '../config/resolved-data';
import {
  atLeast0,
  between,
  classIndex,
  count,
  list,
  MOST_CLASSES,
  MOST_ENTRIES,
  object,
  said,
  share,
  text,
} from '../shape/shape';
import { TriggerKind } from '../config/trigger';
import { Attempts, Proof } from './attempts';
import { figures } from './bounds/bound-checks';
import { checkReport } from './bounds/report-bounds';
import { Finding, Gate, Verdict } from './judgement';
import { LayerAnalysis, PruningCurve, PruningResult } from './layer';
import { McNemar, StageConfusion, StageMetrics } from './metrics';
import { HashedFiles, hashes, ImageShape, Provenance } from './provenance';
import { ScanResult } from './scan-result';

/** Some times as many as there are kinds of them. */
const MOST_GATES = 16;
const MOST_FINDINGS = 200;

export type { Attempt, HeldOutFigures, Proof, Round } from './attempts';
export type { Finding, FindingId, Gate, Verdict, VerdictWord } from './judgement';
export type { CurvePoint, LayerAnalysis, PruningCurve, PruningResult, UnitActivation } from './layer';
export type {
  McNemar,
  Rate,
  SparseConfusion,
  StageConfusion,
  StageMetrics,
  TriggerEffect,
  TriggeredRate,
} from './metrics';
export type { OverriddenSetting, Provenance } from './provenance';
export type { TriggerKind } from '../config/trigger';

export const FineTuningResult = object({
  epochs: count,
  steps: count,
  images: count,
  batchSize: count,
  learningRate: between(0, 1),
  optimizer: v.literal('adam'),
  history: said(
    list(object({ epoch: count, loss: atLeast0, accuracy: share }), MOST_ENTRIES),
    'Mean loss (cross-entropy, nats) and accuracy over the batches of each epoch, as they were trained.',
  ),
  frozen: said(list(text, MOST_ENTRIES), 'Layers that were not trained, and why.'),
});
export type FineTuningResult = v.InferOutput<typeof FineTuningResult>;

export const TriggerInfo = object({
  kind: TriggerKind,
  source: said(v.picklist(['known', 'estimated']), '`estimated` for the kind `inverted`, and for no other.'),
  target: classIndex,
  targets: v.optional(
    said(
      list(object({ source: classIndex, target: classIndex }), MOST_CLASSES),
      'Where images of different classes are sent to different ones: the target of each class, ascending by `source`.',
    ),
  ),
  sources: v.optional(
    said(list(classIndex, MOST_CLASSES), 'Where only images of these classes are sent there; absent: of every class.'),
  ),
  inputs: said(count, 'Number of triggered inputs whose true class is not the target.'),
});
export type TriggerInfo = v.InferOutput<typeof TriggerInfo>;

const used = object({ images: count, available: count });

export const DataInfo = object({
  format: DataFormat,
  classes: count,
  shape: ImageShape,
  analysis: object({ role: AnalysisRole, images: count }),
  holdout: object({ images: count }),
  fineTune: used,
  test: used,
  files: said(HashedFiles, "SHA-256 of each file's bytes, by the path as written in the config."),
});
export type DataInfo = v.InferOutput<typeof DataInfo>;

export const ModelInfo = object({
  format: v.picklist(MODEL_FORMAT_IDS),
  path: said(text, 'Path as written in the config.'),
  source: v.optional(said(text, 'What the model was read from, where that is not the file itself.')),
  architecture: v.optional(said(text, 'How the layers were found, where the file does not name them.')),
  layers: count,
  parameters: count,
  unread: v.optional(
    said(
      object({ count, bytes: count, names: list(text, 5) }),
      "Tensors in the input model's file that no layer reads, but for an optimizer's state and counters of steps; the first names. Absent where there are none.",
    ),
  ),
  before: said(object(hashes), 'The input model.'),
  after: said(
    v.nullable(object({ path: text, ...hashes })),
    'The defended model, its path relative to the report; null when nothing was repaired.',
  ),
});
export type ModelInfo = v.InferOutput<typeof ModelInfo>;

/** In the order of the file: what a reviewer reads first, then what it is based on, long tables last. */
const fields = object({
  schemaVersion: said(v.literal(2), 'Version of this format.'),
  verdict: Verdict,
  gates: said(list(Gate, MOST_GATES), 'The limits, and whether each is met.'),
  findings: said(list(Finding, MOST_FINDINGS), 'What weakens the result, most serious first.'),
  repaired: said(
    v.boolean(),
    'False when the model was measured but not touched, because its accuracy is near chance on this data, or because no repair was found that keeps its accuracy.',
  ),
  stages: said(
    object({ before: StageMetrics, pruned: StageMetrics, after: StageMetrics }),
    'The three figures and what they are based on, at each stage.',
  ),
  comparison: said(
    object({ cleanAccuracy: McNemar, attackSuccess: v.nullable(McNemar) }),
    'Paired comparison, before and after, on the same images.',
  ),
  trigger: v.nullable(TriggerInfo),
  attempts: v.optional(
    said(
      Attempts,
      'Every repair that was tried, in order; the one with `chosen` is the defended model; none has it where nothing was written. Absent for the reference recipe.',
    ),
  ),
  pruning: PruningResult,
  fineTuning: FineTuningResult,
  data: DataInfo,
  model: ModelInfo,
  provenance: Provenance,
  scan: v.optional(
    said(
      ScanResult,
      'The scan of the input model, where the run needed one: for an estimated trigger, or for a repair that is guided by one.',
    ),
  ),
  proof: v.optional(said(Proof, 'A fresh scan of the repaired model, where the verdict needed one.')),
  curve: PruningCurve,
  confusion: said(
    object({ before: StageConfusion, pruned: StageConfusion, after: StageConfusion }),
    'What the test images are taken for, at each stage.',
  ),
  layer: LayerAnalysis,
});
export type DefenseReport = v.InferOutput<typeof fields>;

export const DefenseReport = said(
  v.pipe(fields, figures(checkReport)),
  'The one value that everything shown anywhere is a view of. A fixed order of keys, fixed rounding (shares to 6 decimals, activations and losses to 9 significant digits), no times, no absolute paths, no host names, and nothing that differs between two runs of the same inputs on the same engine.',
);
