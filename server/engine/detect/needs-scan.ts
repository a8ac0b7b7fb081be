import type { ResolvedConfig } from '../../protocol/config/config';

/** Strategies whose repairs all work without a suspicious class. */
const UNGUIDED: readonly ResolvedConfig['strategy'][] = ['fine-pruning-conv', 'head-reset'];

/**
 * Whether a run begins with a scan of its model: for a trigger that is to be estimated, and for repairs that are guided or proved by one.
 * A repair that needs no suspicious class does without where no trigger is known: its run can measure accuracy alone.
 */
export function needsScan({ strategy, trigger }: Pick<ResolvedConfig, 'strategy' | 'trigger'>): boolean {
  if (trigger?.kind === 'inverted') return true;
  return strategy !== undefined && (trigger !== null || !UNGUIDED.includes(strategy));
}
