import type { Attempt, Proof } from './attempts';
import type { PruneRule, ResolvedConfig } from '../config';
import type { DataSource } from '../data-source';
import type { ScanResult } from './scan';
import type { McNemar, StageMetrics } from './metrics';

export type { Attempt, HeldOutFigures, Proof, Round } from './attempts';
export type { McNemar, Rate, SparseConfusion, StageMetrics, TriggerEffect, TriggeredRate } from './metrics';

/**
 * The one value that everything shown anywhere is a view of. Committed as `<name>.defense.json`: sorted keys, fixed
 * rounding (shares to 6 decimals, activations and losses to 9 significant digits), no times, no absolute paths, no host
 * names, and nothing that differs between two runs of the same inputs on the same engine.
 */
export interface DefenseReport {
  /** Version of this format. */
  schemaVersion: 1;
  verdict: Verdict;
  /** The limits, and whether each is met. */
  gates: Gate[];
  /** What weakens the result, most serious first. */
  findings: Finding[];
  /** The three figures and what they rest on, at each stage. */
  stages: { before: StageMetrics; pruned: StageMetrics; after: StageMetrics };
  /** Paired comparison, before against after, on the same images. */
  comparison: { cleanAccuracy: McNemar; attackSuccess: McNemar | null };
  layer: LayerAnalysis;
  pruning: PruningResult;
  curve: PruningCurve;
  fineTuning: FineTuningResult;
  trigger: TriggerInfo | null;
  data: DataInfo;
  model: ModelInfo;
  /** The scan of the input model, where the run needed one: for an estimated trigger, or for a repair that is guided by one. */
  scan?: ScanResult;
  /** Every repair that was tried, in order; the one that has `chosen` is the defended model, and none has where nothing was written. Absent for the reference recipe. */
  attempts?: Attempt[];
  /** A fresh trigger inversion on the repaired model, where the verdict needed one. */
  proof?: Proof;
  /** False when the model was measured but not touched, because its accuracy is near chance on this data, or because no repair was found that keeps its accuracy. */
  repaired: boolean;
  provenance: Provenance;
}

export type VerdictWord =
  | 'not measurable'
  | 'no effect before'
  | 'not mitigated'
  | 'accuracy lost'
  | 'mitigated'
  | 'mitigated, estimated trigger only';

export interface Verdict {
  word: VerdictWord;
  /** One sentence with the figures that led to the word. */
  sentence: string;
}

export interface Gate {
  id: 'maxAttackSuccessRate' | 'maxAccuracyDrop';
  /** The limit, a share in [0, 1]. */
  limit: number;
  /** What was measured, a share; null when it could not be measured. */
  measured: number | null;
  /** The value compared with the limit: for the ASR the upper 95 % Wilson bound. */
  judged: number | null;
  met: boolean;
  /** Where `measured` and `judged` are an excess over the untriggered images and not an ASR: of this class. */
  excess?: { class: number };
}

export interface Finding {
  /** Stable word: see docs/findings.md. */
  id: FindingId;
  severity: 'error' | 'warning' | 'information';
  /** One sentence with the figures. */
  message: string;
}

export type FindingId =
  | 'pruned-all-dead'
  | 'pruned-mostly-dead'
  | 'pruning-changed-nothing'
  | 'fine-tuning-did-the-work'
  | 'fine-tuning-restored-backdoor'
  | 'analysis-on-test-set'
  | 'test-set-too-small'
  | 'fine-tune-subset'
  | 'test-subset'
  | 'analysis-subset'
  | 'no-holdout'
  | 'trigger-unknown'
  | 'negative-activations'
  | 'accuracy-near-chance'
  | 'accuracy-low'
  | 'robust-accuracy-low'
  | 'nothing-pruned'
  | 'curve-subset'
  | 'frozen-layers'
  | 'trigger-estimated'
  | 'no-trigger-found'
  | 'target-not-suspicious'
  | 'scan-flags-repaired'
  | 'scan-suspicious'
  | 'no-repair-met-gates'
  | 'trigger-reaches-other-class'
  | 'classes-not-judged';

export interface LayerAnalysis {
  /** The layer whose units were analysed and pruned. */
  name: string;
  kind: 'Dense' | 'Conv2D' | 'Add';
  /** Activation function whose output was measured, e.g. `relu`. */
  activation: string;
  /** Found by itself, or named in the config or by a strategy. `last`: the last that can be pruned, of a model whose penultimate layer can't. */
  chosen: 'penultimate' | 'named' | 'last';
  units: number;
  /** Number of clean images analysed. */
  images: number;
  /** Indices of units that are constant over the whole clean set. */
  dead: number[];
  /** One entry a unit, in index order. */
  activations: UnitActivation[];
}

export interface UnitActivation {
  /** Mean over the clean images (and positions), after the activation function. */
  cleanMean: number;
  /** Mean of the absolute value. */
  cleanMeanAbs: number;
  /** Share of clean images on which the unit fires (any position above zero), in [0, 1]. */
  cleanFires: number;
  /** Mean on clean images of each class; empty above 100 classes. */
  perClass: number[];
  /** Mean over the triggered images; null without a trigger. */
  triggeredMean: number | null;
  triggeredFires: number | null;
}

export interface PruningResult {
  rule: PruneRule;
  /** As asked: a share, or `auto`; null when the units were named in the config. */
  ratio: number | 'auto' | null;
  /** Number of pruned units. */
  count: number;
  /** Their indices, in the order in which they were pruned: lowest score first, ties by lower index; ascending when they were named. */
  units: number[];
  /** How many of them were dead anyway. */
  dead: number;
  /** How many of the units that the trigger raises most (as many as were pruned) are among them; null without a trigger. */
  amongTriggerRaised: number | null;
}

export interface CurvePoint {
  /** Number of pruned units. */
  pruned: number;
  /** Clean images classified as labelled. */
  correct: number;
  /** Triggered non-target inputs classified as the target; null without a trigger. */
  successful: number | null;
}

export interface PruningCurve {
  /** All points 0…n, or at most 65 of them for a layer that does not feed the classifier directly. */
  points: CurvePoint[];
  images: number;
  triggeredImages: number | null;
  /** Whether the curve rests on a seeded subset of the test set. */
  subset: boolean;
  /** The largest number of pruned units within `maxAccuracyDrop`, chosen on held-out clean data; null without held-out data. */
  largestWithinLimit: { pruned: number; heldOut: { images: number; correctBefore: number; correct: number } } | null;
  /**
   * For the rule `triggered-difference`: the smallest number of pruned units that brings the (estimated) ASR on held-out images
   * within its gate and keeps the accuracy limit; null where there is none. Absent for other rules.
   */
  smallestWithinGate?: {
    pruned: number;
    heldOut: { images: number; triggeredImages: number; successful: number; correct: number };
  } | null;
}

export interface FineTuningResult {
  epochs: number;
  steps: number;
  images: number;
  batchSize: number;
  learningRate: number;
  optimizer: 'adam';
  /** Mean loss (cross-entropy, nats) and accuracy over the batches of each epoch, as they were trained. */
  history: { epoch: number; loss: number; accuracy: number }[];
  /** Layers that were not trained, and why. */
  frozen: string[];
}

export type TriggerKind = 'patch' | 'blended' | 'sinusoidal' | 'warped' | 'samples' | 'inverted';

export interface TriggerInfo {
  kind: TriggerKind;
  /** `estimated` for the kind `inverted`, and for no other. */
  source: 'known' | 'estimated';
  target: number;
  /** Number of triggered inputs whose true class is not the target. */
  inputs: number;
}

export interface DataInfo {
  format: DataSource['format'];
  classes: number;
  /** [height, width, channels]. */
  shape: [number, number, number];
  analysis: { role: 'test' | 'holdout'; images: number };
  holdout: { images: number };
  fineTune: { images: number; available: number };
  test: { images: number; available: number };
  /** SHA-256 of each file's bytes, by the path as written in the config. */
  files: { path: string; sha256: string }[];
}

export interface ModelInfo {
  format: 'tfjs-layers';
  /** Path as written in the config. */
  path: string;
  layers: number;
  parameters: number;
  /** SHA-256 of model.json in canonical form and of the weight bytes, for input and output. */
  before: { topology: string; weights: string };
  /** The defended model, its path relative to the report; null when nothing was repaired. */
  after: { path: string; topology: string; weights: string } | null;
}

export interface Provenance {
  tool: string;
  backend: 'native' | 'wasm';
  engine: string;
  threads: number;
  oneDnn: boolean | null;
  cpuFeatures: string[];
  /** SHA-256 of the canonical resolved config file, before overrides from a command line. */
  configHash: string;
  /** What was run: the resolved config with such overrides. */
  config: ResolvedConfig;
  /**
   * Settings of `config` that the command line gave and the config file has otherwise; absent where there are none. Engine and threads are
   * not among them: they change no question.
   * @minItems 1
   * @maxItems 4
   */
  overridden?: OverriddenSetting[];
}

/** A setting that a command line may give instead of the config, by its path there. */
export type OverriddenSetting = 'strategy' | 'data.fineTuneImages' | 'seed' | 'curve';
