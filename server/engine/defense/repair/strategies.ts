import type { Strategy } from '../../../protocol/config';
import { guided } from './guided';
import { finePruning, finePruningConv, hasConvolution } from './prune-and-tune';
import { headReset } from './head-reset';
import type { Repair, RepairContext } from './repair';

/** Every repair, in the order of what it costs: passes over the images, and how much of the model it gives up. */
const REPAIRS: readonly Repair[] = [finePruning, finePruningConv, guided, headReset];

/** The repairs of a config's strategy that this model and what is known of it allow, in the order in which they are tried. */
export function repairsOf(strategy: Strategy, context: Pick<RepairContext, 'subject' | 'targets'>): Repair[] {
  return REPAIRS.filter((repair) => strategy === 'auto' || repair.name === strategy).filter((repair) => (!repair.needsTarget || context.targets.length > 0) && (repair !== finePruningConv || hasConvolution(context)));
}
