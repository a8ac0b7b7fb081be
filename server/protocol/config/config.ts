import * as v from 'valibot';
import { BackendChoice } from '../backend';
import { DataConfig } from './data-config';
import { CONFIG_FILE } from '../files';
import { DEFAULT_RATIO, PruneRatio, PruneRule } from './pruning';
import { batchSize, CurveCost, epochs, learningRate, seed, threads } from './resolved-config';
import { distinct, list, MOST_NAMED_UNITS, object, said, share, wholeFrom } from '../shape/shape';
import { Strategy } from './strategy';
import { TriggerConfig } from './trigger-config';

export type { DataConfig } from './data-config';
export type { SplitFiles } from '../data-source';
export type { PruneRatio, PruneRule } from './pruning';
export type { ResolvedConfig } from './resolved-config';
export type { OtherStrategy, Strategy, StrategyName } from './strategy';
export type { KnownTrigger, ResolvedTrigger } from './trigger';
export type { KnownTriggerConfig, TriggerConfig } from './trigger-config';

/**
 * The defense config as it is written. The JSON schema in `schemas/` is generated from these shapes, so their texts are what a person
 * reads in a hover and in completion.
 */

export const PruneConfig = said(
  object({
    ratio: v.optional(
      said(
        PruneRatio,
        "Share of the layer's units to prune: the reference prunes ⌊0.2·n⌋. `auto` takes the largest number of units whose loss of clean accuracy, on held-out data, stays within `gates.maxAccuracyDrop`.",
      ),
      DEFAULT_RATIO,
    ),
    units: v.optional(
      said(
        v.pipe(
          list(said(wholeFrom(0), 'A unit of the layer, by its index, counted from 0.'), MOST_NAMED_UNITS, 1),
          distinct,
          v.metadata({ uniqueItems: true }),
        ),
        'Prune exactly these units of the layer, by index, instead of a share of them. `rule` then orders the pruning curve only.',
      ),
    ),
    rule: v.optional(
      said(
        PruneRule,
        'Which units go first. `clean-mean`: lowest mean activation on clean data (the reference). `clean-mean-abs`: lowest mean of the absolute activation, for activation functions that go below zero. `triggered-difference`: largest rise of the mean activation under the known or estimated trigger; `"ratio": "auto"` then takes the smallest number of units that brings the ASR on held-out images within its gate, where the accuracy limit allows it.',
      ),
      'clean-mean',
    ),
  }),
  'What is pruned.',
);

export const FineTuneConfig = said(
  object({
    epochs: v.optional(said(epochs, 'Passes over the fine-tuning images. 0 only prunes.'), 2),
    learningRate: v.optional(said(learningRate, "Adam's learning rate."), 0.0005),
    batchSize: v.optional(said(batchSize, 'Images per step.'), 64),
  }),
  'Fine-tuning: Adam on clean training data, with the pruned units held at zero.',
);

export const GatesConfig = said(
  object({
    maxAttackSuccessRate: v.optional(
      said(
        share,
        'The attack success rate after the defense may not be above this; judged by the upper bound of its 95 % interval.',
      ),
      0.05,
    ),
    maxAccuracyDrop: v.optional(
      said(share, 'Clean accuracy may fall by at most this, absolute, against the input model.'),
      0.01,
    ),
    acceptEstimated: v.optional(
      said(v.boolean(), 'Whether an estimated trigger counts for the gates. By default only a known trigger does.'),
      false,
    ),
  }),
  'The limits that decide the verdict and the exit code.',
);

export const DefenseConfig = said(
  object({
    $schema: v.optional(said(v.string(), 'JSON schema of this file; editors fill it in, the engine ignores it.')),
    model: said(
      v.string(),
      'Path of the model to defend, a TF.js Layers `model.json`, relative to this file. It is never changed.',
    ),
    data: said(DataConfig, 'The clean data the defense works with.'),
    trigger: v.optional(
      said(
        v.union([TriggerConfig, v.literal('inverted'), v.null()]),
        'The trigger that the attacker stamps on inputs, if it is known. `inverted`: it is unknown and estimated from the model by trigger inversion (Neural Cleanse); all figures are then labelled *estimated*. Without one, the attack success rate cannot be measured and the verdict is `not measurable`.',
      ),
      null,
    ),
    strategy: v.optional(
      said(
        Strategy,
        'How the model is repaired. `fine-pruning`: the reference recipe. `fine-pruning-conv`: prune the last convolution, as in the original paper, by as many channels as the accuracy limit allows. `guided`: prune the units that the estimated trigger raises, then fine-tune on clean images and on images stamped with estimated triggers, towards their true labels and, where images are few, what the input model says of the clean ones. `head-reset`: needs no trigger; initialise the weights of all dense layers again and train the whole network on clean, slightly shifted images. `auto`: try one after the other, the cheapest first, until one meets the gates on held-out images.',
      ),
      'fine-pruning',
    ),
    layer: v.optional(
      said(
        v.string(),
        "Name of the Dense or Conv2D layer to prune. Left out: the penultimate layer, found automatically; where that can't be pruned, a strategy takes the last layer that can. The original paper (Liu et al. 2018) prunes the last convolution.",
      ),
    ),
    prune: v.optional(said(PruneConfig, 'What is pruned.')),
    curve: v.optional(
      said(
        CurveCost,
        'How much the pruning curve may cost. `quick` computes it on a seeded subset of the images where all of them would take over about 30 s, and says so in the report; `full` takes all images, however long that is.',
      ),
      'quick',
    ),
    fineTune: v.optional(said(FineTuneConfig, 'How the pruned model is trained again on clean data.')),
    gates: v.optional(said(GatesConfig, 'The limits that decide the verdict.')),
    seed: v.optional(
      said(seed, 'Seed of everything random in the run: held-out split, subsets, shuffling, dropout.'),
      0,
    ),
    backend: v.optional(
      said(
        BackendChoice,
        'Engine that computes. `auto` takes the native one when it is installed and passes its self-test, else WASM.',
      ),
      'auto',
    ),
    threads: v.optional(
      said(
        threads,
        'Threads of the native engine. The figures of a run are reproducible only at the same number; the default is one, since more do not make training faster.',
      ),
      1,
    ),
  }),
  `The defense config, \`${CONFIG_FILE.form}\`: JSON with comments. Every field but \`model\` and \`data\` has the reference set-up as its default.`,
);
/** As it is written: what has a default may be left out. */
export type DefenseConfig = v.InferInput<typeof DefenseConfig>;
