import * as v from 'valibot';
import {
  DefenseConfig,
  FineTuneConfig,
  GatesConfig,
  PruneConfig,
  type KnownTrigger,
  type KnownTriggerConfig,
  type ResolvedConfig,
  type ResolvedTrigger,
  type TriggerConfig,
} from '../../protocol/config/config';
import { splitOf, withoutFormat } from '../../protocol/data-source';
import { DataConfig } from '../../protocol/config/data-config';
import { recordedHoldout } from '../../protocol/config/holdout';
import { BlendedTrigger, PatchTrigger, SinusoidalTrigger, WarpedTrigger } from '../../protocol/config/trigger-config';

// Defaults come from the shape, so that hovers and runs can't disagree.
const defaults = {
  top: v.getDefaults(DefenseConfig),
  data: v.getDefaults(DataConfig),
  prune: v.getDefaults(PruneConfig),
  fineTune: v.getDefaults(FineTuneConfig),
  gates: v.getDefaults(GatesConfig),
  patch: v.getDefaults(PatchTrigger),
  blended: v.getDefaults(BlendedTrigger),
  sinusoidal: v.getDefaults(SinusoidalTrigger),
  warped: v.getDefaults(WarpedTrigger),
};

/** A valid config with every default filled in; see `DefenseConfig` for the defaults. Paths stay as written. */
export function resolveConfig(config: DefenseConfig): ResolvedConfig {
  const { data, prune = {}, fineTune = {}, gates = {} } = config;
  const { top, data: d } = defaults;
  const format = data.format ?? d.format;
  return {
    model: config.model,
    data: {
      format,
      train: withoutFormat(splitOf({ ...data, format }, 'train')),
      test: withoutFormat(splitOf({ ...data, format }, 'test')),
      analysis: data.analysis ?? d.analysis,
      ...recordedHoldout(data.holdout ?? null),
      fineTuneImages: data.fineTuneImages ?? null,
      analysisImages: data.analysisImages ?? null,
      testImages: data.testImages ?? null,
      scale: data.scale ?? d.scale,
      mean: list(data.mean ?? d.mean),
      std: list(data.std ?? d.std),
    },
    trigger: config.trigger ? resolveTrigger(config.trigger) : null,
    // Absent for the reference recipe: the hash of such a config stays what it was before there was this field.
    ...(config.strategy && config.strategy !== 'fine-pruning' && { strategy: config.strategy }),
    layer: config.layer ?? null,
    prune: {
      ratio: prune.units ? null : (prune.ratio ?? defaults.prune.ratio),
      rule: prune.rule ?? defaults.prune.rule,
      // Absent where they are not named: the hash of such a config stays what it was before there was this field.
      ...(prune.units && { units: [...prune.units].sort((a, b) => a - b) }),
    },
    curve: config.curve ?? top.curve,
    fineTune: {
      epochs: fineTune.epochs ?? defaults.fineTune.epochs,
      learningRate: fineTune.learningRate ?? defaults.fineTune.learningRate,
      batchSize: fineTune.batchSize ?? defaults.fineTune.batchSize,
    },
    gates: {
      maxAttackSuccessRate: gates.maxAttackSuccessRate ?? defaults.gates.maxAttackSuccessRate,
      maxAccuracyDrop: gates.maxAccuracyDrop ?? defaults.gates.maxAccuracyDrop,
      acceptEstimated: gates.acceptEstimated ?? defaults.gates.acceptEstimated,
    },
    seed: config.seed ?? top.seed,
    backend: config.backend ?? top.backend,
    threads: config.threads ?? top.threads,
  };
}

/** A valid trigger with every default filled in. Also for triggers that come from a command line. */
export function resolveTrigger(trigger: KnownTriggerConfig): KnownTrigger;
export function resolveTrigger(trigger: TriggerConfig | 'inverted'): ResolvedTrigger;
export function resolveTrigger(trigger: TriggerConfig | 'inverted'): ResolvedTrigger {
  if (trigger === 'inverted' || trigger.kind === 'inverted')
    return { kind: 'inverted', target: trigger === 'inverted' ? null : (trigger.target ?? null) };
  const { target } = trigger;
  switch (trigger.kind) {
    case 'patch': {
      const p = defaults.patch;
      const image = trigger.image ?? null;
      const [height, width] = trigger.size ?? p.size;
      return {
        kind: 'patch',
        target,
        size: image !== null && trigger.size === undefined ? null : [height!, width!],
        vertical:
          trigger.top !== undefined
            ? { from: 'top', distance: trigger.top }
            : { from: 'bottom', distance: trigger.bottom ?? p.bottom },
        horizontal:
          trigger.left !== undefined
            ? { from: 'left', distance: trigger.left }
            : { from: 'right', distance: trigger.right ?? p.right },
        // With an image there is no value to report.
        value: image === null ? list(trigger.value ?? p.value) : [],
        image,
      };
    }
    case 'blended': {
      const p = defaults.blended;
      return {
        kind: 'blended',
        target,
        alpha: trigger.alpha ?? p.alpha,
        image: trigger.image ?? null,
        patternSeed: trigger.patternSeed ?? p.patternSeed,
      };
    }
    case 'sinusoidal': {
      const p = defaults.sinusoidal;
      return {
        kind: 'sinusoidal',
        target,
        amplitude: trigger.amplitude ?? p.amplitude,
        frequency: trigger.frequency ?? p.frequency,
      };
    }
    case 'warped': {
      const p = defaults.warped;
      return {
        kind: 'warped',
        target,
        grid: trigger.grid ?? p.grid,
        strength: trigger.strength ?? p.strength,
        patternSeed: trigger.patternSeed ?? p.patternSeed,
      };
    }
    case 'samples':
      return { kind: 'samples', target, images: trigger.images, labels: trigger.labels };
  }
}

const list = (value: number | number[]): number[] => (Array.isArray(value) ? [...value] : [value]);
