import type { PruneRule, Strategy } from '../config';
import type { PruningCurve, Rate, TriggerKind } from '../report/report';
import type { ScanResult, ScanWord } from '../report/scan';

/**
 * The activation inspector's questions and answers. The same values travel engine process → language server → client →
 * webview; big ones as typed arrays (the channels use structured clone), never as JSON.
 */

/** The model before the defense, or the defended one. */
export type ModelState = 'before' | 'after';

/** What is asked about a model and its config. `fingerprint` is that of the `open` answer that the asker has seen. */
export type InspectQuery =
  /**
   * Reads model, config and data; answers with an Overview. Costs no forward pass, except where the trigger is to be estimated: then
   * the model is scanned for it, once. `search: false` begins no scan: a trigger that is not known yet is left out, and the
   * fingerprint is another one.
   */
  | { kind: 'open'; search?: false }
  /** Analyses one layer: statistics of its units on clean and triggered inputs, and its pruning curve. Answers with LayerData. */
  | { kind: 'layer'; fingerprint: string; layer: string; state: ModelState }
  /** How many units the rule would have pruned, chosen on held-out data. Answers with LimitData. */
  | { kind: 'limit'; fingerprint: string; layer: string; state: ModelState }
  /** All about one unit. Answers with UnitData. */
  | { kind: 'unit'; fingerprint: string; layer: string; state: ModelState; unit: number }
  /**
   * What pruning exactly these units does. `quick` answers within 200 ms, on a seeded subset (stated) where all images would take
   * longer; `full` takes all images. Answers with MaskData.
   */
  | { kind: 'mask'; fingerprint: string; layer: string; state: ModelState; units: Int32Array; scope: 'quick' | 'full' }
  /** Example inputs, clean and triggered, with their predictions. Answers with ExamplesData. */
  | { kind: 'examples'; fingerprint: string; count: number }
  /** What is known of a scan of the model as it came; nothing is searched for it. Answers with ScanData. */
  | { kind: 'scan'; fingerprint: string };

export type InspectAnswer = Overview | LayerData | LimitData | UnitData | MaskData | ExamplesData | ScanData;

/** A layer that may be pruned. */
export interface LayerChoice {
  name: string;
  kind: 'Dense' | 'Conv2D' | 'Add';
  units: number;
  /** Whether masks are answered from cached activations on all images. */
  feedsClassifier: boolean;
}

export interface Overview {
  kind: 'open';
  /** Hash over the contents of model, data and trigger and what of the config changes an answer; equal means the same answers. */
  fingerprint: string;
  /** The config's base name. */
  name: string;
  model: { path: string; layers: number; parameters: number };
  classes: number;
  /** [height, width, channels] of one image. */
  shape: [number, number, number];
  layers: LayerChoice[];
  /** Name of the layer that a run of the config prunes; empty when it names none and the model has none that a run would take. */
  chosen: string;
  /** Null for the reference recipe. A strategy chooses by itself what it prunes: what `prune` and `chosen` say is then the report's, where it is of such a run. */
  strategy: Exclude<Strategy, 'fine-pruning'> | null;
  prune: {
    ratio: number | 'auto' | null;
    rule: PruneRule;
    /** Whose rise `triggered-difference` orders by; null for other rules, and where there is no trigger. */
    guide: 'known' | 'estimated' | null;
    /** Named in the config, less those that the layer has not; else null. */
    units: number[] | null;
  };
  gates: { maxAttackSuccessRate: number; maxAccuracyDrop: number };
  /** The kind is `inverted` for a trigger that was estimated from the model: everything shown on it is labelled so. */
  trigger: { kind: TriggerKind; target: number } | null;
  /** The scan that the trigger was searched by; null where it is described, or none is asked for. */
  search: TriggerSearch | null;
  images: {
    analysis: number;
    analysisRole: 'test' | 'holdout';
    test: number;
    holdout: number;
    triggered: number | null;
  };
  backend: { name: 'native' | 'wasm'; why: string; version: string };
  /** Null when no report lies beside the config, or it can't be read. */
  report: ReportState | null;
}

/** What came of the search for a trigger that nobody knows. */
export interface TriggerSearch {
  word: ScanWord;
  /** What was found and what was tried, with the figures. */
  sentence: string;
  /** The estimate that the figures rest on: size of its mask in pixels, its success on images that it was not searched on, and whether its class is suspicious; null where none is taken. */
  taken: { norm: number; success: Rate; flagged: boolean } | null;
}

/** What the report beside the config says; the language server adds it. */
export interface ReportState {
  verdict: { word: string; sentence: string };
  /** What has changed since it was written, in words; empty when it still holds. */
  changed: string[];
  layer: string;
  /** Indices of the pruned units of that layer. */
  pruned: number[];
  /** Whether the defended model can be looked into: the report names one, it is there, and it is the one that was measured. */
  after: boolean;
  /** `with --strategy auto`: settings that its run had and the config has not; absent where there are none. */
  settings?: string;
}

/** One entry a unit, in index order, in every array. Activations are after the activation function. */
export interface LayerData {
  kind: 'layer';
  layer: string;
  state: ModelState;
  layerKind: 'Dense' | 'Conv2D' | 'Add';
  activation: string;
  units: number;
  feedsClassifier: boolean;
  /** Clean images that were analysed, of how many. */
  images: { analysed: number; available: number };
  triggeredImages: { analysed: number; available: number } | null;
  /** Mean over images (and, for a convolution, spatial positions). */
  cleanMean: Float32Array;
  cleanMeanAbs: Float32Array;
  /** Share of images on which the unit is above zero at any position, in [0, 1]. */
  cleanFires: Float32Array;
  triggeredMean: Float32Array | null;
  triggeredFires: Float32Array | null;
  /** 1 for a unit that is constant over all clean images analysed. */
  dead: Uint8Array;
  /** 1 for a unit that was pruned in this state of the model: in `after`, those of the run. */
  pruned: Uint8Array;
  /** Units in the order in which the config's rule prunes them. */
  order: Int32Array;
  curve: CurveData;
}

/** Entry i: the outcome with `pruned[i]` units gone. */
export interface CurveData {
  pruned: Int32Array;
  /** Clean images classified as labelled. */
  correct: Int32Array;
  /** Triggered non-target inputs classified as the target; null without a trigger. */
  successful: Int32Array | null;
  /**
   * Base rate: share of the clean images of other classes that are classified as the target without the trigger, in [0, 1]; of a
   * person's own samples weighted by their classes. Null without a trigger.
   */
  base: Float32Array | null;
  /** Of how many. */
  images: number;
  triggeredImages: number | null;
  /** Whether the curve rests on a seeded subset. */
  subset: boolean;
}

/** How many units may go, as a report has it. */
export interface LimitData {
  kind: 'limit';
  layer: string;
  state: ModelState;
  /** The largest number within the accuracy limit; null when no images are held out, and where `triggered-difference` orders. */
  limit: PruningCurve['largestWithinLimit'];
  /** Where `triggered-difference` orders: the smallest number that brings the ASR within its gate and keeps the accuracy limit; null for none, and for other rules. */
  smallest: NonNullable<PruningCurve['smallestWithinGate']> | null;
}

/** An image, as bytes 0 to 255, height·width·channels. */
export interface Picture {
  /** Index in the test split, or in the person's own triggered images. */
  index: number;
  pixels: Uint8Array;
  /** True class. */
  label: number;
  /** Class that the model (in the state asked for) gives it. */
  predicted: number;
  /** The unit's activation on it (mean over positions for a convolution). */
  activation: number;
}

export interface UnitData {
  kind: 'unit';
  layer: string;
  state: ModelState;
  unit: number;
  /** What the figures say, in one or two sentences. */
  sentence: string;
  /** Bins of equal width over the range of clean and triggered activations (per image; mean over positions for a convolution). */
  histogram: {
    /** bins + 1 ascending edges. */
    edges: Float32Array;
    /** Images in each bin. */
    clean: Uint32Array;
    triggered: Uint32Array | null;
  };
  /** Mean by true class, one entry a class; 0 for a class without images. */
  perClass: { clean: Float32Array; triggered: Float32Array | null };
  /** The images that excite it most, highest first. */
  top: { clean: Picture[]; triggered: Picture[] | null };
  /** Kernel of a first-layer channel; else null. */
  filter: {
    height: number;
    width: number;
    channels: number;
    /** height·width·channels, row-major. */ values: Float32Array;
  } | null;
  /** Weight to each class's logit, one entry a class; null when the unit does not feed the classifier directly. */
  outgoing: Float32Array | null;
}

export interface MaskFigures {
  cleanAccuracy: Rate;
  attackSuccessRate: Rate | null;
  /**
   * Share of the clean images of other classes that are classified as the target without the trigger: of all images, those of the ASR
   * themselves. Of a person's own samples weighted by their classes. Null without a trigger.
   */
  baseRate: Rate | null;
  robustAccuracy: Rate | null;
}

export interface MaskData {
  kind: 'mask';
  layer: string;
  state: ModelState;
  /** Number of units that the mask prunes. */
  units: number;
  /** With them pruned. */
  masked: MaskFigures;
  /** The model as it is, on the same images. */
  unmasked: MaskFigures;
  /** Whether a subset was used; the rates say how many images. */
  subset: boolean;
}

export interface ExamplesData {
  kind: 'examples';
  target: number;
  examples: Example[];
}

export interface Example {
  index: number;
  label: number;
  clean: Uint8Array;
  triggered: Uint8Array;
  before: { clean: number; triggered: number };
  /** Null without a defended model. */
  after: { clean: number; triggered: number } | null;
}

export interface ScanData {
  kind: 'scan';
  /** Null where none is known of this very model. */
  found: {
    /** The search for the estimated trigger; an earlier run's, kept in the user's cache; the file of a scan; the defense report. */
    source: 'trigger' | 'cache' | 'file' | 'report';
    /** Name of that file; null for the other sources. */
    file: string | null;
    scan: ScanResult;
  } | null;
}
