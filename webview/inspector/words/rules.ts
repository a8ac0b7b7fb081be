import type { LimitData, Overview } from '../../../server/protocol/messages/inspect';
import { asrText, isEstimated } from './words';
import { count, percent, plural } from '../../../server/protocol/words';

/** Which units go first, and how many may, in words. */

/** Which units go first: `neurons with the lowest mean activation on clean images go first`. */
export function ruleText(
  { strategy, prune: { rule, guide } }: Pick<Overview, 'strategy' | 'prune'>,
  word: string,
): string {
  if (rule === 'triggered-difference' && guide)
    return `${word}s that the ${guide === 'estimated' ? 'estimated ' : ''}trigger raises most, on held-out images, are pruned first`;
  const lowest = `${word}s with the lowest ${rule === 'clean-mean-abs' ? 'mean absolute' : 'mean'} activation on ${strategy ? 'held-out ' : ''}clean images are pruned first`;
  return rule === 'triggered-difference' ? `no trigger is known that could raise a ${word}, so ${lowest}` : lowest;
}

/** How many units may go by the rule: a number to go to, or why there is none. */
export interface Limit {
  kind: 'accuracy' | 'gate';
  /** Null where no number is within the gate. */
  pruned: number | null;
  /** What the number is; the number itself comes after it. */
  text: string;
}

/** @returns null where no images are held out to choose it on */
export function limitOf(
  { limit, smallest }: Pick<LimitData, 'limit' | 'smallest'>,
  overview: Pick<Overview, 'prune' | 'gates' | 'trigger' | 'images'>,
): Limit | null {
  const { prune, gates } = overview;
  if (!prune.guide)
    return (
      limit && {
        kind: 'accuracy',
        pruned: limit.pruned,
        text: `Within the accuracy limit on ${count(limit.heldOut.images)} held-out images:`,
      }
    );
  const what = `${asrText(isEstimated(overview) || prune.guide === 'estimated')} within its gate of ${percent(gates.maxAttackSuccessRate)}`;
  const drop = plural(Number((100 * gates.maxAccuracyDrop).toFixed(2)), 'point');
  if (!smallest)
    return {
      kind: 'gate',
      pruned: null,
      text: `On ${count(overview.images.holdout)} held-out images, no number of them brings the ${what} and costs at most ${drop} of clean accuracy.`,
    };
  return {
    kind: 'gate',
    pruned: smallest.pruned,
    text: `The fewest that bring the ${what}, on ${count(smallest.heldOut.images)} held-out images:`,
  };
}

/** Why nothing of what is pruned can be written into the config; null where it can. */
export function whyNoChoice({ strategy }: Pick<Overview, 'strategy'>): string | null {
  return strategy && `The strategy ${strategy} chooses what to prune on its own`;
}
