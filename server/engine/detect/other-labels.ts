import type { OtherLabels } from '../../protocol/report/scan';
import { outcomes } from '../metrics/evaluate';
import { mcnemar } from '../metrics/mcnemar';
import { rate } from '../metrics/rate';
import { clearlyBetter } from './advice';

/** Share of images that must be right in the other order: less may be chance. */
const LEAST_RIGHT = 0.5;

/** Labels of some images, and what a model takes them for. */
export interface Labelled {
  readonly labels: Int32Array;
  readonly predicted: Int32Array;
}

/**
 * Whether labels name the classes in another order than the model: the one-to-one order that the confusion of some images suggests, tried
 * on others. An honest model that errs gives none: its classes are not each taken for another one of their own.
 * @param read images that the order is read from
 * @param tried others that it is tried on
 * @returns null where no other order is right on half of the images, and on clearly more of them than the labels
 */
export function otherLabels(read: Labelled, tried: Labelled, classes: number): OtherLabels | null {
  const order = orderOf(read, classes);
  const before = outcomes(tried.predicted, tried.labels);
  const after = outcomes(
    tried.predicted,
    tried.labels.map((label) => order[label]!),
  );
  const comparison = mcnemar(before, after);
  const right = rate(sum(after), after.length);
  if (!clearlyBetter(comparison, after.length) || right.rate < LEAST_RIGHT) return null;
  const moved = Array.from(order, (model, data) => ({ data, model })).filter(
    ({ data, model }) => data !== model && model >= 0,
  );
  return { classes: moved, before: rate(sum(before), before.length), after: right, comparison };
}

/**
 * The class of the model for each label, no class twice: the most frequent pairs first. A label that is left without a class, or has no
 * images, keeps its own where that is free; −1 where it is not.
 */
function orderOf({ labels, predicted }: Labelled, classes: number): Int32Array {
  const counts = new Map<number, number>();
  labels.forEach((label, i) => {
    const pair = label * classes + predicted[i]!;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  });
  const order = new Int32Array(classes).fill(-1);
  const taken = new Uint8Array(classes);
  const take = (data: number, model: number): void => {
    if (order[data] !== -1 || taken[model]) return;
    order[data] = model;
    taken[model] = 1;
  };
  // Of equally frequent pairs, those that are in order already.
  const isMoved = (pair: number): number => (Math.floor(pair / classes) === pair % classes ? 0 : 1);
  for (const [pair] of [...counts].sort((a, b) => b[1] - a[1] || isMoved(a[0]) - isMoved(b[0]) || a[0] - b[0]))
    take(Math.floor(pair / classes), pair % classes);
  for (let label = 0; label < classes; label++) take(label, label);
  return order;
}

function sum(hits: Uint8Array): number {
  return hits.reduce((total, hit) => total + hit, 0);
}
