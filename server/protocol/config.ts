import type { DataSource, SplitFiles } from './data-source';
import type { ResolvedTrigger, TriggerConfig } from './trigger';

export type * from './trigger';

/**
 * The defense config, `<name>.fineprune.json`: JSON with comments. Every field but `model` and `data` has the
 * reference set-up as its default. The JSON schema in `schemas/` is generated from this file, so a
 * comment here is what a person reads in a hover and in completion.
 */
export interface DefenseConfig {
  /** JSON schema of this file; editors fill it in, the engine ignores it. */
  $schema?: string;
  /** Path of the model to defend, a TF.js Layers `model.json`, relative to this file. It is never changed. */
  model: string;
  /** The clean data the defense works with. */
  data: DataConfig;
  /**
   * The trigger that the attacker stamps on inputs, if it is known. `inverted`: it is not, and is estimated from the model by
   * trigger inversion (Neural Cleanse); all figures are then labelled *estimated*. Without one, the attack success rate
   * cannot be measured and the verdict is `not measurable`.
   * @default null
   */
  trigger?: TriggerConfig | 'inverted' | null;
  /**
   * How the model is repaired. `fine-pruning`: the reference recipe. `fine-pruning-conv`: as the original paper has it, the last
   * convolution, as many channels as the accuracy limit allows. `guided`: prune the units that the estimated trigger
   * raises, then fine-tune on clean images and on images stamped with estimated triggers, towards their true labels and,
   * where images are few, what the input model says of the clean ones. `head-reset`: needs no trigger; draws the weights of all dense layers anew and trains the whole network again on clean, slightly shifted
   * images. `auto`: one after the other, in the order of their cost, until one meets the gates on held-out images.
   * @default "fine-pruning"
   */
  strategy?: Strategy;
  /**
   * Name of the Dense or Conv2D layer to prune. Left out: the penultimate layer, found by itself; a strategy takes the last
   * that can be pruned where that one can't. The original paper (Liu et al. 2018) prunes the last convolution.
   */
  layer?: string;
  /** What is pruned. */
  prune?: PruneConfig;
  /**
   * How much the pruning curve may cost. `quick` computes it on a seeded subset of the images where all of them would take
   * over about 30 s, and says so in the report; `full` takes all images, however long that is.
   * @default "quick"
   */
  curve?: 'quick' | 'full';
  /** How the pruned model is trained again on clean data. */
  fineTune?: FineTuneConfig;
  /** The limits that decide the verdict. */
  gates?: GatesConfig;
  /**
   * Seed of everything random in the run: held-out split, subsets, shuffling, dropout.
   * @default 0
   * @asType integer
   * @minimum 0
   * @maximum 4294967295
   */
  seed?: number;
  /**
   * Engine that computes. `auto` takes the native one when it is installed and passes its self-test, else WASM.
   * @default "auto"
   */
  backend?: 'auto' | 'native' | 'wasm';
  /**
   * Threads of the native engine. The figures of a run are reproducible only at the same number; one is the default since
   * more bring nothing in eager training.
   * @default 1
   * @asType integer
   * @minimum 1
   * @maximum 64
   */
  threads?: number;
}

/** Clean data. Paths are relative to the config file and stay inside the workspace or an allowed data folder. */
export interface DataConfig {
  /**
   * Format of the data files. `idx` reads MNIST's own format, plain or gzip-compressed.
   * @default "idx"
   */
  format?: DataSource['format'];
  /** Clean training data: fine-tuning, and the part of it that is held out for choices. */
  train: SplitFiles;
  /** Clean test data: the reported figures. */
  test: SplitFiles;
  /**
   * Which clean images the activation analysis reads. `test` is the reference set-up and flatters the result a little,
   * since the same images are then used to measure; `holdout` takes the held-out part of the training data, so that the
   * test set stays unseen.
   * @default "test"
   */
  analysis?: 'test' | 'holdout';
  /**
   * Number of training images that are held out from fine-tuning. Choices, such as the largest pruning ratio within the
   * accuracy limit, are made on them and never on the test set. Left out: a fifth of the training set, at most 5,000. A number
   * that is given counts up to half of the training set; 0 means no choices.
   * @asType integer
   * @minimum 0
   */
  holdout?: number;
  /**
   * Use only this many training images for fine-tuning, drawn with the seed. Left out: all that are not held out.
   * @asType integer
   * @minimum 1
   */
  fineTuneImages?: number;
  /**
   * Use only this many images for the activation analysis, drawn with the seed. Left out: all.
   * @asType integer
   * @minimum 1
   */
  analysisImages?: number;
  /**
   * Use only this many test images, drawn with the seed. Left out: all.
   * @asType integer
   * @minimum 1
   */
  testImages?: number;
  /**
   * Factor that takes a stored pixel value to the range [0, 1]. Triggers act there. 1/255 for bytes.
   * @default 0.00392156862745098
   * @exclusiveMinimum 0
   */
  scale?: number;
  /**
   * Mean subtracted after scaling (and after a trigger is stamped): one number, or one a channel.
   * @default 0
   */
  mean?: number | number[];
  /**
   * Standard deviation divided by after the mean is subtracted: one number, or one a channel. Above 0.
   * @default 1
   */
  std?: number | number[];
}

/** A way to repair a model. */
export type StrategyName = 'fine-pruning' | 'fine-pruning-conv' | 'guided' | 'head-reset';
/** A way to repair a model, or `auto` for all of them in the order of their cost. */
export type Strategy = StrategyName | 'auto';

/** What is pruned. */
export interface PruneConfig {
  /**
   * Share of the layer's units to prune: the reference prunes ⌊0.2·n⌋. `auto` takes the largest number of units whose
   * loss of clean accuracy, on held-out data, stays within `gates.maxAccuracyDrop`.
   * @default 0.2
   */
  ratio?: PruneRatio;
  /**
   * Prune exactly these units of the layer, by index, instead of a share of them. `rule` then orders the pruning curve only.
   * @minItems 1
   * @maxItems 65536
   * @uniqueItems true
   */
  units?: UnitIndex[];
  /**
   * Which units go first. `clean-mean`: lowest mean activation on clean data (the reference). `clean-mean-abs`: lowest
   * mean of the absolute activation, for activation functions that go below zero. `triggered-difference`: largest rise of the
   * mean activation under the known or estimated trigger; `"ratio": "auto"` then takes the smallest number of units that
   * brings the ASR on held-out images within its gate, where the accuracy limit allows it.
   * @default "clean-mean"
   */
  rule?: PruneRule;
}

/** Order in which units are pruned. */
export type PruneRule = 'clean-mean' | 'clean-mean-abs' | 'triggered-difference';

/**
 * Share of units, 0 to 1, or `auto`.
 * @minimum 0
 * @maximum 1
 */
export type PruneRatioNumber = number;
export type PruneRatio = PruneRatioNumber | 'auto';

/**
 * A unit of the layer, by its index, counted from 0.
 * @asType integer
 * @minimum 0
 */
type UnitIndex = number;

/** Fine-tuning: Adam on clean training data, with the pruned units held at zero. */
export interface FineTuneConfig {
  /**
   * Passes over the fine-tuning images. 0 only prunes.
   * @default 2
   * @asType integer
   * @minimum 0
   * @maximum 1000
   */
  epochs?: number;
  /**
   * Adam's learning rate.
   * @default 0.0005
   * @exclusiveMinimum 0
   * @maximum 1
   */
  learningRate?: number;
  /**
   * Images a step.
   * @default 64
   * @asType integer
   * @minimum 1
   * @maximum 8192
   */
  batchSize?: number;
}

/** The limits that decide the verdict and the exit code. */
export interface GatesConfig {
  /**
   * The attack success rate after the defense may not be above this; judged by the upper bound of its 95 % interval.
   * @default 0.05
   * @minimum 0
   * @maximum 1
   */
  maxAttackSuccessRate?: number;
  /**
   * Clean accuracy may fall by at most this, absolute, against the input model.
   * @default 0.01
   * @minimum 0
   * @maximum 1
   */
  maxAccuracyDrop?: number;
  /**
   * Whether an estimated trigger counts for the gates. By default only a known trigger does.
   * @default false
   */
  acceptEstimated?: boolean;
}

/** A config with every default filled in and every path as it was written: what the engine works from and the report records. */
export interface ResolvedConfig {
  model: string;
  data: {
    format: DataSource['format'];
    train: SplitFiles;
    test: SplitFiles;
    analysis: 'test' | 'holdout';
    /** 5000 where the config leaves it out, which then stands for a fifth of the images, at most 5,000. */
    holdout: number;
    /** Where the config names 5,000 itself, up to half of the images; absent otherwise. */
    holdoutNamed?: true;
    fineTuneImages: number | null;
    analysisImages: number | null;
    testImages: number | null;
    scale: number;
    mean: number[];
    std: number[];
  };
  trigger: ResolvedTrigger | null;
  layer: string | null;
  /** `units`: the units that the config names, ascending, and only where it does; `ratio` is null then and never otherwise. */
  prune: { ratio: number | 'auto' | null; rule: PruneRule; units?: number[] };
  /** Only where it is not `fine-pruning`. */
  strategy?: Exclude<Strategy, 'fine-pruning'>;
  curve: 'quick' | 'full';
  fineTune: { epochs: number; learningRate: number; batchSize: number };
  gates: { maxAttackSuccessRate: number; maxAccuracyDrop: number; acceptEstimated: boolean };
  seed: number;
  backend: 'auto' | 'native' | 'wasm';
  threads: number;
}
