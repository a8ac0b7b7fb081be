import type {
  DefenseConfig,
  KnownTrigger,
  KnownTriggerConfig,
  ResolvedConfig,
  ResolvedTrigger,
  TriggerConfig,
} from '../../protocol/config';
import { DEFAULT_FORMAT, splitOf, withoutFormat } from '../../protocol/data-source';
import { recordedHoldout } from '../../protocol/holdout';
import schema from '../../../schemas/fineprune.schema.json';

// Defaults come from the schema, so that hovers and runs can't disagree.
const top = schema.properties;
const {
  DataConfig,
  PatchTrigger,
  BlendedTrigger,
  SinusoidalTrigger,
  WarpedTrigger,
  PruneConfig,
  FineTuneConfig,
  GatesConfig,
} = schema.definitions;

/** A valid config with every default filled in; see `DefenseConfig` for the defaults. Paths stay as written. */
export function resolveConfig(config: DefenseConfig): ResolvedConfig {
  const { format = DEFAULT_FORMAT } = config.data;
  const { data, prune = {}, fineTune = {}, gates = {} } = config;
  const d = DataConfig.properties;
  return {
    model: config.model,
    data: {
      format,
      train: withoutFormat(splitOf({ ...data, format }, 'train')),
      test: withoutFormat(splitOf({ ...data, format }, 'test')),
      analysis: data.analysis ?? (d.analysis.default as 'test'),
      ...recordedHoldout(data.holdout ?? null),
      fineTuneImages: data.fineTuneImages ?? null,
      analysisImages: data.analysisImages ?? null,
      testImages: data.testImages ?? null,
      scale: data.scale ?? d.scale.default,
      mean: list(data.mean ?? d.mean.default),
      std: list(data.std ?? d.std.default),
    },
    trigger: config.trigger ? resolveTrigger(config.trigger) : null,
    // Absent for the reference recipe: the hash of such a config stays what it was before there was this field.
    ...(config.strategy && config.strategy !== 'fine-pruning' && { strategy: config.strategy }),
    layer: config.layer ?? null,
    prune: {
      ratio: prune.units ? null : (prune.ratio ?? PruneConfig.properties.ratio.default),
      rule: prune.rule ?? (PruneConfig.properties.rule.default as 'clean-mean'),
      // Absent where they are not named: the hash of such a config stays what it was before there was this field.
      ...(prune.units && { units: [...prune.units].sort((a, b) => a - b) }),
    },
    curve: config.curve ?? (top.curve.default as 'quick'),
    fineTune: {
      epochs: fineTune.epochs ?? FineTuneConfig.properties.epochs.default,
      learningRate: fineTune.learningRate ?? FineTuneConfig.properties.learningRate.default,
      batchSize: fineTune.batchSize ?? FineTuneConfig.properties.batchSize.default,
    },
    gates: {
      maxAttackSuccessRate: gates.maxAttackSuccessRate ?? GatesConfig.properties.maxAttackSuccessRate.default,
      maxAccuracyDrop: gates.maxAccuracyDrop ?? GatesConfig.properties.maxAccuracyDrop.default,
      acceptEstimated: gates.acceptEstimated ?? GatesConfig.properties.acceptEstimated.default,
    },
    seed: config.seed ?? top.seed.default,
    backend: config.backend ?? (top.backend.default as 'auto'),
    threads: config.threads ?? top.threads.default,
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
      const p = PatchTrigger.properties;
      const image = trigger.image ?? null;
      const [height, width] = trigger.size ?? p.size.default;
      return {
        kind: 'patch',
        target,
        size: image !== null && trigger.size === undefined ? null : [height!, width!],
        vertical:
          trigger.top !== undefined
            ? { from: 'top', distance: trigger.top }
            : { from: 'bottom', distance: trigger.bottom ?? p.bottom.default },
        horizontal:
          trigger.left !== undefined
            ? { from: 'left', distance: trigger.left }
            : { from: 'right', distance: trigger.right ?? p.right.default },
        // With an image there is no value to report.
        value: image === null ? list(trigger.value ?? p.value.default) : [],
        image,
      };
    }
    case 'blended': {
      const p = BlendedTrigger.properties;
      return {
        kind: 'blended',
        target,
        alpha: trigger.alpha ?? p.alpha.default,
        image: trigger.image ?? null,
        patternSeed: trigger.patternSeed ?? p.patternSeed.default,
      };
    }
    case 'sinusoidal': {
      const p = SinusoidalTrigger.properties;
      return {
        kind: 'sinusoidal',
        target,
        amplitude: trigger.amplitude ?? p.amplitude.default,
        frequency: trigger.frequency ?? p.frequency.default,
      };
    }
    case 'warped': {
      const p = WarpedTrigger.properties;
      return {
        kind: 'warped',
        target,
        grid: trigger.grid ?? p.grid.default,
        strength: trigger.strength ?? p.strength.default,
        patternSeed: trigger.patternSeed ?? p.patternSeed.default,
      };
    }
    case 'samples':
      // The other fields are the files, whatever their format.
      return { ...trigger };
  }
}

const list = (value: number | number[]): number[] => (Array.isArray(value) ? [...value] : [value]);
