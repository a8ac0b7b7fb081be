import type { LayerData, ModelState, Overview } from '../../../server/protocol/messages/inspect';
import type { InspectorSort, InspectorState } from '../../../server/protocol/messages/inspector-view';
import { planned, type HeldOutLimit } from './plan';
import { nearestPoint } from './units';

/** What a person has chosen on the page. */
export interface Choice {
  /** Layer and state of the model that are shown; null before the first one is there. */
  layer: string | null;
  state: ModelState;
  /** Unit that is looked at. */
  unit: number | null;
  sort: { by: InspectorSort; descending: boolean };
  /** Number of pruned units; null: as the config says. */
  count: number | null;
  /** Own mask, ascending. */
  selected: readonly number[];
  /** First row of the grid that is in sight. */
  row: number;
}

export const FIRST_CHOICE: Choice = {
  layer: null,
  state: 'before',
  unit: null,
  sort: { by: 'difference', descending: true },
  count: null,
  selected: [],
  row: 0,
};

/** What was kept of a page about the same config. */
export function restored(kept: InspectorState | undefined, configUri: string): Choice {
  if (kept?.configUri !== configUri) return FIRST_CHOICE;
  const { layer, state, unit, sort, count, selected, row } = kept;
  return { layer, state, unit, sort, count, selected, row };
}

export function toKeep(choice: Choice, configUri: string): InspectorState {
  return { version: 1, configUri, ...choice, selected: [...choice.selected] };
}

/** A layer is there. What belongs to the units of another layer goes; so does what this one does not have. */
export function withLayer(choice: Choice, data: LayerData): Choice {
  const { layer, state, units, triggeredMean } = data;
  const same = layer === choice.layer;
  const fits = (unit: number): boolean => unit < units;
  const { by } = choice.sort;
  return {
    layer,
    state,
    unit: same && choice.unit !== null && fits(choice.unit) ? choice.unit : null,
    sort:
      triggeredMean === null && (by === 'difference' || by === 'triggered')
        ? { by: 'clean', descending: true }
        : choice.sort,
    count: same && choice.count !== null && choice.count <= units ? choice.count : null,
    selected: same ? choice.selected.filter(fits) : [],
    row: same && fits(choice.row) ? choice.row : 0,
  };
}

/** A heading of the table was pressed: another column, or the same one the other way round. */
export function sortedBy({ sort }: Choice, by: InspectorSort): Partial<Choice> {
  // What matters is high in every column but the index and the order of pruning.
  return { sort: { by, descending: sort.by === by ? !sort.descending : by !== 'index' && by !== 'order' }, row: 0 };
}

/** The number of pruned units that is looked at: the person's, where the curve has a point, or else what the config prunes. */
export function chosenCount(count: number | null, overview: Overview, layer: LayerData, limit?: HeldOutLimit): number {
  return count === null
    ? defaultCount(overview, layer, limit)
    : (layer.curve.pruned[nearestPoint(layer.curve.pruned, count)] ?? 0);
}

/** How many units the config would prune; before anyone knows, the reference of 20 %. */
export function defaultCount(overview: Overview, layer: LayerData, limit?: HeldOutLimit): number {
  return planned(overview, layer, limit).count;
}
