import type { LayerData, LimitData, Overview } from '../../../server/protocol/messages/inspect';
import { nearestPoint } from './units';
import { count as grouped, indexList, plural, unitWord } from '../../../server/protocol/words';
import { pruneCount, DEFAULT_RATIO } from '../../../server/protocol/config/pruning';

/** What the config prunes of a layer, as far as that is known. */
export interface Plan {
  count: number;
  /** Exactly these, ascending, where the curve has no point for them: they are measured by themselves. Null: the first `count` in the rule's order. */
  units: readonly number[] | null;
  /** The config's ratio; units that it names; what its last run chose; what `auto` would choose on held-out images; or nothing of that. */
  source: 'ratio' | 'named' | 'report' | 'limit' | 'reference';
}

type Looked = Pick<Overview, 'prune' | 'report' | 'chosen' | 'strategy'>;
type Place = Pick<LayerData, 'units' | 'layer' | 'order' | 'curve' | 'state'>;
export type HeldOutLimit = Pick<LimitData, 'limit' | 'smallest'>;

/**
 * What the config prunes of the layer that is shown. Named units are those of the config's own layer; of another layer a ratio says what it
 * would come to there. Where a run chooses by itself, its report knows, as long as that still holds and was made with the config's own
 * settings; before a run, the limit on held-out images by which `auto` chooses.
 * @param limit of this layer; undefined as long as it is not known
 */
export function planned({ prune, report, chosen, strategy }: Looked, layer: Place, limit?: HeldOutLimit): Plan {
  if (prune.units) {
    if (layer.layer !== chosen) return ofRule(pruneCount(DEFAULT_RATIO, layer.units), 'reference', layer);
    const units = prune.units.filter((unit) => unit < layer.units);
    return { count: units.length, units, source: 'named' };
  }
  if (typeof prune.ratio === 'number') return ofRule(pruneCount(prune.ratio, layer.units), 'ratio', layer);
  if (report?.layer === layer.layer && report.changed.length === 0 && !report.settings)
    return ofReport(
      report.pruned.filter((unit) => unit < layer.units),
      layer,
    );
  const most =
    strategy === null && layer.state === 'before' && limit ? (prune.guide ? limit.smallest : limit.limit) : null;
  return most
    ? ofRule(Math.min(layer.units, most.pruned), 'limit', layer)
    : ofRule(pruneCount(DEFAULT_RATIO, layer.units), 'reference', layer);
}

/** The first so many in the rule's order; measured by themselves where the curve has no point at that number. */
function ofRule(count: number, source: Plan['source'], { order, curve }: Place): Plan {
  return { count, source, units: hasPoint(curve, count) ? null : ascending(order.subarray(0, count)) };
}

function ofReport(pruned: readonly number[], { order, curve }: Place): Plan {
  const units = ascending(pruned);
  const first = ascending(order.subarray(0, units.length));
  return {
    count: units.length,
    source: 'report',
    units: hasPoint(curve, units.length) && sameUnits(units, first) ? null : units,
  };
}

const ascending = (units: Iterable<number>): number[] => [...units].sort((a, b) => a - b);
const hasPoint = ({ pruned }: LayerData['curve'], count: number): boolean =>
  pruned[nearestPoint(pruned, count)] === count;

export const sameUnits = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((unit, i) => unit === b[i]);

/** What is marked as going: the units of a plan, and then the others as the rule would go on. */
export function plannedOrder(order: Int32Array, units: readonly number[] | null): Int32Array {
  if (!units) return order;
  const first = new Set(units);
  return Int32Array.from([...units, ...order.filter((unit) => !first.has(unit))]);
}

/** Named units that a sentence spells out; the table marks them all. */
const SPELT = 8;

/** Where the number and the figures are from, in one sentence. */
export function planText(
  { count, units, source }: Plan,
  { prune, chosen, strategy }: Looked,
  layer: Pick<LayerData, 'layer' | 'layerKind'>,
): string {
  const word = unitWord(layer.layerKind);
  const elsewhere = layer.layer !== chosen && chosen !== '';
  switch (source) {
    case 'named':
      return `The config names ${count === 1 ? `this ${word}` : `these ${plural(count, word)}`}${units?.length ? `: ${indexList(units, SPELT)}` : ''}. The curve follows the rule, so they are not on it.`;
    case 'ratio':
      return elsewhere
        ? `The config prunes ${chosen}; this is what its ratio would do here.`
        : 'This is what the config prunes.';
    case 'report':
      return 'This is what the last run chose.';
    case 'limit':
      return 'This is what "auto" chooses, on held-out images.';
    case 'reference':
      if (prune.units)
        return `The config names ${grouped(prune.units.length)} units of ${chosen}; this is 20 % of this layer.`;
      return `${strategy ? `What the strategy ${strategy} prunes` : 'What "auto" chooses'} is not known yet; this is 20 %.`;
  }
}

/** What the config prunes, as the name of the way back to it. */
export function planName({ count, source }: Plan, { layerKind }: Pick<LayerData, 'layerKind'>): string {
  const units = plural(count, unitWord(layerKind));
  return source === 'named'
    ? `the ${units} that the config names`
    : source === 'report'
      ? `the ${units} that the last run chose`
      : source === 'reference'
        ? `20 %: ${units}`
        : `what the config prunes: ${units}`;
}
