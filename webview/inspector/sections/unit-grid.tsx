import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { LayerData } from '../../../server/protocol/messages/inspect';
import { VirtualGrid } from '../../ui/grid/virtual-grid';
import { columnsOf } from './columns';
import { useController } from '../state/context';
import { focusUnit } from '../state/focus';
import { useView } from '../state/store';
import { ranks } from '../state/units';
import { capital, unitWord } from '../../../server/protocol/words';

const GRID_HEIGHT = 412;

/** The table of a layer's units. */
export function UnitGrid({
  layer,
  order,
  rowOf,
  going,
  chosen,
  chosenSet,
  width,
  estimated,
}: {
  layer: LayerData;
  /** Units by row, and the row of each. */
  order: Int32Array;
  rowOf: Int32Array;
  /** Units in the order in which they go. */
  going: Int32Array;
  /** How many of them would go. */
  chosen: number;
  /** 1 for a unit of the own mask. */
  chosenSet: Uint8Array;
  /** In CSS pixels. */
  width: number;
  /** Whether the trigger was estimated from the model. */
  estimated: boolean;
}): JSX.Element {
  const controller = useController();
  const sort = useView((view) => view.choice.sort);
  const current = useView((view) => view.choice.unit);
  const firstRow = useView((view) => view.choice.row);
  const goes = useMemo(() => ranks(going), [going]);
  const columns = useMemo(
    () => columnsOf({ layer, order, goes, width, estimated }, chosen, chosenSet),
    [layer, order, goes, width, estimated, chosen, chosenSet],
  );
  const toggle = (row: number, range: boolean, anchor: number): void => {
    if (range) controller.add(order.subarray(Math.min(anchor, row), Math.max(anchor, row) + 1));
    else controller.toggle(order[row]!);
  };

  // Enter goes on to what the table leads to; a click only shows it.
  return (
    <div
      onKeyDownCapture={(event) =>
        event.key === 'Enter' && (event.target as Element).closest('[role=row][data-row]') && focusUnit()
      }
    >
      <VirtualGrid
        label={`${capital(unitWord(layer.layerKind))}s of ${layer.layer}`}
        columns={columns}
        rows={layer.units}
        rowKey={(row) => order[row]!}
        sort={sort}
        onSort={(by) => controller.chooseSort(by as typeof sort.by)}
        current={current === null ? null : rowOf[current]!}
        onCurrent={(row) => controller.chooseUnit(order[row]!)}
        selected={(row) => chosenSet[order[row]!] === 1}
        onToggle={toggle}
        onActivate={(row) => controller.chooseUnit(order[row]!)}
        firstRow={firstRow}
        onFirstRow={(row) => controller.chooseRow(row)}
        height={GRID_HEIGHT}
      />
    </div>
  );
}
