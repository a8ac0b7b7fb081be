import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LayerData } from '../../server/protocol/inspect';
import { chosenCount } from './choice';
import { useView } from './store';
import { ranks, sorted } from './units';

/** Number of pruned units that is looked at. */
export const useChosenCount = (): number => useView((view) => (view.overview && view.layer ? chosenCount(view.choice.count, view.overview, view.layer) : 0));

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
