import type { ResolvedConfig, Strategy } from '../../protocol/config/config';
import { badInput, type FinePruneError } from '../../protocol/errors';
import type { Roles } from '../data/dataset';
import type { OpenModel } from '../model/model';
import { guided } from './guided';
import { finePruning, finePruningConv, hasConvolution } from './prune-and-tune';
import { headReset } from './head-reset';
import type { Repair, RepairContext } from './repair';

/** Every repair, in the order of what it costs: passes over the images, and how much of the model it gives up. */
const REPAIRS: readonly Repair[] = [finePruning, finePruningConv, guided, headReset];

/** The repairs of a config's strategy that this model and what is known of it allow, in the order in which they are tried. */
export function repairsOf(strategy: Strategy, context: Pick<RepairContext, 'subject' | 'targets'>): Repair[] {
  return REPAIRS.filter((repair) => strategy === 'auto' || repair.name === strategy).filter(
    (repair) =>
      (!repair.needsTarget || context.targets.length > 0) && (repair !== finePruningConv || hasConvolution(context)),
  );
}

/** What the repairs of a strategy cost altogether, in passes over the fine-tuning images; for progress. */
export function costOf(strategy: Strategy): number {
  return REPAIRS.filter((repair) => strategy === 'auto' || repair.name === strategy).reduce(
    (sum, { cost }) => sum + cost,
    0,
  );
}

/**
 * Refuses what a strategy can't work with: of the model, and of a config that a command line gave another strategy than it was
 * written for (config-rules.ts says the same of configs as they are written).
 * @throws FinePruneError `strategy.noConvolution`, `config.conflict`
 */
export function checkStrategy(
  { strategy, prune, layer }: ResolvedConfig,
  model: OpenModel,
  { holdout }: Pick<Roles, 'holdout'>,
): void {
  if (!strategy) return;
  const conflict = (message: string, place: string, todo: string): FinePruneError =>
    badInput('config.conflict', message, { place, todo });
  if (strategy === 'fine-pruning-conv' && !hasConvolution({ subject: { model } })) {
    throw badInput(
      'strategy.noConvolution',
      'The strategy "fine-pruning-conv" prunes the last convolution, but this model has none that can be pruned.',
      { place: '/strategy', todo: 'Use another strategy.' },
    );
  }
  if (holdout.indices.length === 0)
    throw conflict(
      `The strategy "${strategy}" makes its choices on held-out images, but none are held out.`,
      '/data/holdout',
      'Hold out some images, or use the strategy "fine-pruning".',
    );
  if (prune.units)
    throw conflict(
      `The strategy "${strategy}" chooses on its own what to prune, but \`prune.units\` names units.`,
      '/prune/units',
      'Remove `prune.units`, or use the strategy "fine-pruning".',
    );
  if (layer !== null && strategy !== 'guided')
    throw conflict(
      `The strategy "${strategy}" chooses its own layer, but \`layer\` names one.`,
      '/layer',
      'Remove `layer`, or use the strategy "fine-pruning" or "guided".',
    );
}
