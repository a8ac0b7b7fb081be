import type { PruneRule, ResolvedConfig } from '../../protocol/config/config';
import type { LayerChoice } from '../../protocol/messages/inspect';
import type { InspectSubject } from '../../protocol/messages/inspect-engine';
import type { OpenTrigger } from '../triggers/open-trigger';
import { estimatedTrigger } from '../triggers/estimate';
import type { OpenModel } from '../model/model';

interface Setting {
  readonly config: ResolvedConfig;
  readonly model: OpenModel;
  readonly layers: readonly LayerChoice[];
  /** The layer that the config chooses. */
  readonly chosen: string | null;
  readonly trigger: OpenTrigger | null;
  readonly repaired: NonNullable<InspectSubject['repaired']> | null;
}

/** Where and in which order a run of a config prunes. */
export interface Pruning {
  readonly chosen: string | null;
  readonly rule: PruneRule;
  readonly guide: OpenTrigger | null;
}

/**
 * Layer, rule and guide of a config; of one with a strategy, which chooses them by itself, those that its report says, or else those that
 * it begins with.
 */
export function pruningOf(setting: Setting): Pruning {
  const { config, layers, chosen, trigger } = setting;
  if (!config.strategy) return withGuide(chosen, config.prune.rule, trigger);
  const { repaired } = setting;
  if (repaired?.strategy === config.strategy && layers.some(({ name }) => name === repaired.layer))
    return withGuide(repaired.layer, repaired.rule, guideOf(setting, repaired) ?? trigger);
  const convolution =
    config.strategy === 'fine-pruning-conv' ? layers.findLast(({ kind }) => kind === 'Conv2D')?.name : undefined;
  return withGuide(
    convolution ?? chosen,
    config.strategy === 'guided' ? 'triggered-difference' : 'clean-mean',
    trigger,
  );
}

function withGuide(chosen: string | null, rule: PruneRule, guide: OpenTrigger | null): Pruning {
  return { chosen, rule, guide: rule === 'triggered-difference' ? guide : null };
}

/** The estimate that a report's units were ordered by; null where it is the trigger itself, or none of this model's. */
function guideOf({ model, trigger }: Setting, { guide }: NonNullable<InspectSubject['repaired']>): OpenTrigger | null {
  if (!guide || trigger?.config.kind === 'inverted' || guide.target >= model.classes) return null;
  try {
    return estimatedTrigger(guide.target, guide.trigger, model.inputShape);
  } catch {
    // A report may come from anywhere.
    return null;
  }
}
