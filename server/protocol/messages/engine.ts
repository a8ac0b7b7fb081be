import { type Stage } from '../report/confusion';
import type { KnownTriggerConfig, PruneRule, Strategy, StrategyName } from '../config/config';
import type { DataSource } from '../data-source';
import type { Failure } from '../errors';
import type { DefenseReport, LayerAnalysis, Proof, PruningCurve, Rate, StageMetrics } from '../report/report';
import type { EstimatedTrigger, ScanOutcome, ScanRequest, ScanResult } from '../report/scan';
import { count, plural } from '../words';
import type { ModelIdentity } from '../model';

/** The steps of a run, in order; `poison` and `train` belong to the making of a backdoored model. */
export type Phase =
  | 'engine'
  | 'model'
  | 'data'
  | 'evaluate-before'
  | 'analyse'
  | 'curve'
  | 'prune'
  | 'evaluate-pruned'
  | 'fine-tune'
  | 'poison'
  | 'train'
  | 'evaluate-after'
  | 'write'
  | 'scan'
  | 'invert'
  | 'repair'
  | 'proof';

/** What a person reads for each phase. */
export const PHASE_TITLES: Record<Phase, string> = {
  engine: 'Starting the engine',
  model: 'Reading the model',
  data: 'Reading the data',
  'evaluate-before': 'Measuring the input model',
  analyse: 'Analysing activations',
  curve: 'Computing the pruning curve',
  prune: 'Pruning',
  'evaluate-pruned': 'Measuring the pruned model',
  'fine-tune': 'Fine-tuning',
  poison: 'Poisoning the training data',
  train: 'Training',
  'evaluate-after': 'Measuring the result',
  write: 'Writing the results',
  scan: 'Searching for a trigger for each class',
  invert: 'Estimating the trigger again',
  repair: 'Trying a repair',
  proof: 'Searching for triggers in the repaired model',
};

/** Phases whose steps are thousandths of the whole: they say how far it is, and their number tells a person nothing. */
export const COUNTS_THOUSANDTHS: ReadonlySet<Phase> = new Set(['scan', 'invert', 'repair', 'proof']);

/** A search for triggers by its size, and the time that its first steps suggest. */
export interface SearchPlan {
  classes: number;
  /** Images a class and step, and steps a class, of the screening. */
  images: number;
  steps: number;
  /** Of the whole scan, as far as it is known then. */
  seconds: number;
}

/** `Searching triggers: 1,283 classes × 16 images × 120 steps, about 95 minutes; the time grows with the number of classes`. */
export function planText({ classes, images, steps, seconds }: SearchPlan): string {
  return `Searching for triggers: ${count(classes)} class${classes === 1 ? '' : 'es'} × ${images} images × ${steps} steps, ${roughTime(seconds)}; the time grows with the number of classes`;
}

/** A rough time as people say it: `less than a minute`, `about 95 minutes`, `about 7 hours`. */
export function roughTime(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (seconds < 60) return 'less than a minute';
  return minutes < 120 ? `about ${plural(minutes, 'minute')}` : `about ${Math.round(minutes / 60)} hours`;
}

/** Figures known so far, for progress lines. Shares in [0, 1]. */
export interface MetricsSoFar {
  cleanAccuracy?: number;
  attackSuccessRate?: number;
  robustAccuracy?: number;
  loss?: number;
  accuracy?: number;
  /** Whether ASR and robust accuracy are on a trigger that was estimated from the model. */
  estimated?: boolean;
}

/** Engine process → whoever started it. Sent at most ten times a second while a phase is going on. */
export type EngineEvent =
  | { type: 'ready' }
  | { type: 'backend'; name: 'native' | 'wasm'; why: string; version: string }
  | {
      type: 'progress';
      phase: Phase;
      step: number;
      total: number;
      /** Steps a second. */ rate?: number;
      /** Share of the whole run that is done, 0 to 1. */ overall: number;
      metrics: MetricsSoFar;
    }
  | {
      type: 'stage';
      stage: 'before' | 'pruned' | 'after';
      metrics: StageMetrics;
      /** As in `MetricsSoFar`. */ estimated?: boolean;
    }
  | { type: 'log'; level: 'info' | 'warn'; message: string }
  | { type: 'done'; outcome: RunOutcome }
  | { type: 'poison-trained'; outcome: PoisonTrainOutcome }
  | { type: 'measured'; outcome: MeasureOutcome }
  | { type: 'scanned'; outcome: ScanOutcome }
  /** A repair begins, one of `of`. */
  | { type: 'attempt'; strategy: StrategyName; number: number; of: number }
  /** A search for triggers has begun. */
  | ({ type: 'plan' } & SearchPlan)
  /** A class of a scan is done, or is known better than before; for lines of progress. */
  | { type: 'class'; target: number; norm: number; share: number | null }
  | { type: 'failed'; failure: Failure };

/** Whoever started the engine process → engine process. */
export type EngineCommand =
  | { type: 'run'; request: RunRequest }
  /** Train a backdoored model from scratch. */
  | { type: 'poison-train'; request: PoisonTrainRequest }
  /** Evaluate committed models again, without training. */
  | { type: 'measure'; request: MeasureRequest }
  /** Search a model for triggers. */
  | { type: 'scan'; request: ScanRequest }
  /** Stop within one batch, write nothing, answer with `failed` of kind `cancelled`. */
  | { type: 'cancel' };

/** One run of the defense. */
export interface RunRequest {
  /** Absolute path of the defense config. */
  config: string;
  /** Absolute folder that gets report and defended model; default: the config's own folder. */
  out?: string;
  /** Absolute folders, beyond the config's own workspace, from which data may be read. */
  allowedFolders: string[];
  /** Absolute path of the workspace folder that confines model and data paths; default: the config's own folder. */
  root?: string;
  /** Overrides, as given on a command line; `holdout` as a report has it that is made again. */
  overrides?: {
    backend?: 'auto' | 'native' | 'wasm';
    fineTuneImages?: number;
    holdout?: number;
    seed?: number;
    threads?: number;
    curve?: 'quick' | 'full';
    strategy?: Strategy;
  };
  /** Path of a native binding that goes before any other source. */
  nativeBinding?: string;
}

export interface RunOutcome {
  report: DefenseReport;
  /** Absolute paths of what was written. */
  files: { report: string; /** The report in Markdown. */ markdown: string; model: string | null };
  /** What computed, and why that; the reason stays out of the report. */
  backend: { name: 'native' | 'wasm'; why: string; version: string };
  /** Timings stay out of the report: milliseconds a phase, and peak memory in bytes. */
  timings: { phases: Partial<Record<Phase, number>>; totalMs: number; peakBytes: number };
}

/** The making of one backdoored model. Paths are absolute. */
export interface PoisonTrainRequest {
  /** Clean training data; part of it gets the trigger. */
  train: DataSource;
  /** Clean test data, for the figures on the card. */
  test: DataSource;
  /** Folder that gets model, config and card. */
  out: string;
  /** Base name of config and card. */
  name: string;
  /** Absolute path of the workspace: no link in it leads the output out of it. */
  root?: string;
  /** A `model.json` whose layers are taken, its weights drawn again; default: the reference SimpleCNN. */
  arch?: string;
  trigger: KnownTriggerConfig;
  /** Share of the training images that get the trigger and the target's label, from 0 (a clean model) to below 1. */
  poisonRate: number;
  /**
   * Share of the training images that are warped with noise under their true labels (WaNet's noise mode); for the trigger kind
   * `warped`. Default 0.
   */
  noiseRate?: number;
  /**
   * Share of the units, of the last convolution and of the penultimate layer, that the backdoor is kept out of so that pruning by
   * activation misses it (the pruning-aware attack of Liu et al. 2018). Left out: plain training.
   */
  pruningAware?: number;
  seed: number;
  epochs: number;
  batchSize: number;
  /** Adam's learning rate. */
  learningRate: number;
  backend: 'auto' | 'native' | 'wasm';
  threads: number;
  /** Path of a native binding that goes before any other source. */
  nativeBinding?: string;
}

export interface PoisonTrainOutcome {
  /** Absolute paths of what was written. */
  files: { model: string; config: string; card: string };
  /** Over the clean test images. */
  cleanAccuracy: Rate;
  /** Over triggered test images whose true class is not the target. */
  attackSuccessRate: Rate;
}

/** The figures of a report made again from the models that were committed with it, without training. Paths are absolute. */
export interface MeasureRequest {
  /** The defense config: model, data, trigger, curve. */
  config: string;
  allowedFolders: string[];
  /** Folder that confines model and data paths; default: the config's own folder. */
  root?: string;
  /** The defended model.json; null when nothing was repaired. */
  defended: string | null;
  /** The estimate for the trigger's target class, as the report's scan has it: what was measured on, for the kind `inverted`, and what a strategy ordered units by. */
  estimated?: { target: number; trigger: EstimatedTrigger };
  /** Rule that the report's curve was ordered by, where a strategy chose it. */
  rule?: PruneRule;
  /** Layer and units that are said to be pruned: zeroed in the input model, and looked at in the defended one. */
  layer: string;
  units: number[];
  /** Searches for triggers to be made again: the scan of the input model, and the proof of the repaired one. */
  searches?: {
    scan: boolean;
    /** `before`: the scan of the input model that the report's proof went by; null where it had none. */
    proof: { before: ScanResult | null } | null;
  };
  /** What the run's command line set beside its config, the images that it held out by another default, and the engine to use here. */
  overrides?: {
    backend?: 'auto' | 'native' | 'wasm';
    fineTuneImages?: number | null;
    holdout?: number;
    seed?: number;
    threads?: number;
    curve?: 'quick' | 'full';
    strategy?: Strategy;
  };
  /** Path of a native binding that goes before any other source. */
  nativeBinding?: string;
}

export interface MeasureOutcome {
  /** The input model, the same with `units` zeroed, and the defended model; null without one. */
  stages: { before: Stage; pruned: Stage | null; after: Stage | null };
  /** Before against after, on the same images; null without a defended model. */
  comparison: DefenseReport['comparison'] | null;
  /** The input model's layer as the config chooses it. */
  layer: LayerAnalysis;
  curve: PruningCurve;
  /** Whether the units contribute nothing in the defended model; null without one. */
  silence: Silence | null;
  searches: SearchedAgain;
  /** Of the models that were read. */
  hashes: { before: ModelIdentity; after: ModelIdentity | null };
  backend: { name: 'native' | 'wasm'; why: string; version: string };
}

/** The searches for triggers that were made again. */
export interface SearchedAgain {
  /** Why none can be made in these models, on these images; null where they can. */
  fault: string | null;
  /** Of the input model; null where it was not asked for, or can't be made. */
  scan: ScanResult | null;
  /** Of the repaired model, likewise. */
  proof: Proof | null;
}

/** What is left of units that are said to be pruned. All empty and 0 when they are silent. */
export interface Silence {
  /** Units with a weight that a mask holds at zero and that is not zero, ascending. */
  weighted: number[];
  /** Clean and triggered inputs whose prediction changes when the units are masked at their layer's output. */
  changed: number;
  /** Inputs on which that was tried. */
  inputs: number;
}
