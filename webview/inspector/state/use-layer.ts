import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LayerData, MaskData } from '../../../server/protocol/messages/inspect';
import { chosenCount } from './choice';
import { planned, sameUnits, type Plan } from './plan';
import { useView } from './store';
import { nearestPoint, ranks, sorted } from './units';
import { curveFigures, maskFigures, type Figures } from '../words/words';

/** What of the layer is looked at as pruned. */
export interface Chosen {
  count: number;
  /** Exactly these; null: the first `count` in the rule's order, for which the curve has a point. */
  units: readonly number[] | null;
  /** What the config prunes; the same, unless the person has moved the slider. */
  plan: Plan;
  /** Whether the slider was moved. */
  moved: boolean;
}

/** What the person looks at: what the config prunes, until they move the slider. */
export function useChosen(): Chosen {
  const overview = useView((view) => view.overview)!;
  const layer = useView((view) => view.layer)!;
  const limit = useView((view) => view.limit);
  const moved = useView((view) => view.choice.count);
  const plan = useMemo(() => planned(overview, layer, limit), [overview, layer, limit]);
  return useMemo(
    () => ({
      count: chosenCount(moved, overview, layer, limit),
      units: moved === null ? plan.units : null,
      plan,
      moved: moved !== null,
    }),
    [moved, overview, layer, limit, plan],
  );
}

/** What it does: of units that the curve has no point for, as they were measured; null while they are. */
export function useFigures({ count, units }: Chosen): { figures: Figures | null; measured: MaskData | null } {
  const layer = useView((view) => view.layer)!;
  const known = useView((view) => view.planned);
  if (!units) return { figures: curveFigures(layer, nearestPoint(layer.curve.pruned, count)), measured: null };
  const measured = known && sameUnits(known.units, units) ? known.data : null;
  return { figures: measured && maskFigures(measured), measured };
}

/** Units in the order in which they are shown, and the row of each. */
export function useOrder(): { order: Int32Array; rowOf: Int32Array } {
  const layer = useView((view) => view.layer)!;
  const sort = useView((view) => view.choice.sort);
  const order = useMemo(() => sorted(layer, sort), [layer, sort]);
  const rowOf = useMemo(() => ranks(order), [order]);
  return { order, rowOf };
}

/** The order that the chart is drawn in: it follows the table's after the next paint, so that neither waits for the other. */
export function useChartOrder(layer: LayerData, order: Int32Array): Int32Array {
  const [drawn, draw] = useState({ layer, order });
  useEffect(() => draw({ layer, order }), [layer, order]);
  return drawn.layer === layer ? drawn.order : order;
}
