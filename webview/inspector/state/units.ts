import type { LayerData } from '../../../server/protocol/messages/inspect';
import type { InspectorSort } from '../../../server/protocol/messages/inspector-view';

/** Mean with the trigger minus mean without; null without a trigger. */
export function differences({
  cleanMean,
  triggeredMean,
}: Pick<LayerData, 'cleanMean' | 'triggeredMean'>): Float32Array | null {
  return triggeredMean && triggeredMean.map((mean, unit) => mean - cleanMean[unit]!);
}

/** Units in the order in which they are shown; ties by lower index, whichever way it goes. */
export function sorted(data: LayerData, { by, descending }: { by: InspectorSort; descending: boolean }): Int32Array {
  const units = Int32Array.from({ length: data.units }, (_, unit) => unit);
  const key = keyOf(data, by);
  if (!key) return descending ? units.reverse() : units;
  const sign = descending ? -1 : 1;
  return units.sort((a, b) => sign * (key[a]! - key[b]!) || a - b);
}

function keyOf(data: LayerData, by: InspectorSort): ArrayLike<number> | null {
  switch (by) {
    case 'index':
      return null;
    case 'clean':
      return data.cleanMean;
    case 'triggered':
      return data.triggeredMean ?? data.cleanMean;
    case 'difference':
      return differences(data) ?? data.cleanMean;
    case 'order':
      return ranks(data.order);
  }
}

/** Place of each unit in an order. */
export function ranks(order: Int32Array): Int32Array {
  const rank = new Int32Array(order.length);
  order.forEach((unit, place) => (rank[unit] = place));
  return rank;
}

/** Rows above the one that a link or a click leads to: its neighbours are worth seeing too. */
const ROWS_ABOVE = 4;

/** First row of the table so that a unit is in sight. */
export const rowFor = (unit: number, rank: Int32Array): number => Math.max(0, (rank[unit] ?? 0) - ROWS_ABOVE);

/** The unit that the trigger raises most; without a trigger the most active one. */
export function mostRaised(data: Pick<LayerData, 'cleanMean' | 'triggeredMean'>): number {
  const score = differences(data) ?? data.cleanMean;
  let best = 0;
  for (let unit = 1; unit < score.length; unit++) if (score[unit]! > score[best]!) best = unit;
  return best;
}

/** Index of the curve's point that is nearest to a number of pruned units. `pruned` ascends. */
export function nearestPoint(pruned: Int32Array, count: number): number {
  let low = 0;
  let high = Math.max(0, pruned.length - 1);
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (pruned[middle]! <= count) low = middle;
    else high = middle;
  }
  return count - pruned[low]! <= pruned[high]! - count ? low : high;
}

/** Selection with one unit in or out. Ascending. */
export function toggled(selected: readonly number[], unit: number): number[] {
  return selected.includes(unit) ? selected.filter((one) => one !== unit) : [...selected, unit].sort((a, b) => a - b);
}

/** Selection with further units in. Ascending, each once. */
export function joined(selected: readonly number[], more: Iterable<number>): number[] {
  return [...new Set([...selected, ...more])].sort((a, b) => a - b);
}

/** Units whose mean the trigger raises by more than a threshold, ascending. */
export function raisedAbove(data: Pick<LayerData, 'cleanMean' | 'triggeredMean'>, threshold: number): number[] {
  const rise = differences(data);
  return rise ? [...rise.keys()].filter((unit) => rise[unit]! > threshold) : [];
}

/** Half of the largest rise in one digit: a threshold to begin with that takes some units and not all. */
export function firstThreshold(data: Pick<LayerData, 'cleanMean' | 'triggeredMean'>): number {
  const largest = differences(data)?.reduce((most, rise) => Math.max(most, rise), 0) ?? 0;
  return largest > 0 ? Number((largest / 2).toPrecision(1)) : 1;
}
