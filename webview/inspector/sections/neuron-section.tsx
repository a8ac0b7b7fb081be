import type { JSX } from 'preact';
import { useCallback, useMemo } from 'preact/hooks';
import { LayerChart } from '../../ui/charts/layer-chart';
import { useWidth } from '../../ui/use-width';
import { VirtualGrid } from '../../ui/grid/virtual-grid';
import { columnsOf } from './columns';
import { useController } from '../state/context';
import { CurrentUnit } from './current-unit';
import { focusUnit } from '../state/focus';
import { MaskBar } from './mask-bar';
import { plannedOrder } from '../state/plan';
import { useView } from '../state/store';
import { saveTable } from '../state/table';
import { ranks } from '../state/units';
import { useChartOrder, useChosen, useOrder } from '../state/use-layer';
import { fileName, isEstimated } from '../words/words';
import { capital, plural, unitWord } from '../../../server/protocol/words';

const GRID_HEIGHT = 412;

/** Every unit of the layer: as a chart, and as a grid that sorts, scrolls and selects. */
export function NeuronSection(): JSX.Element {
  const controller = useController();
  const layer = useView((view) => view.layer)!;
  const sort = useView((view) => view.choice.sort);
  const { count: chosen, units: exactly } = useChosen();
  const selected = useView((view) => view.choice.selected);
  const current = useView((view) => view.choice.unit);
  const firstRow = useView((view) => view.choice.row);
  const { order, rowOf } = useOrder();
  const chartOrder = useChartOrder(layer, order);
  const [place, width] = useWidth();
  const word = unitWord(layer.layerKind);
  const estimated = useView((view) => isEstimated(view.overview!));

  const rank = useMemo(() => ranks(layer.order), [layer]);
  // What is marked as going; the first `chosen` of it.
  const going = useMemo(() => plannedOrder(layer.order, exactly), [layer, exactly]);
  const goes = useMemo(() => ranks(going), [going]);
  const chosenSet = useMemo(() => {
    const flags = new Uint8Array(layer.units);
    for (const unit of selected) flags[unit] = 1;
    return flags;
  }, [layer, selected]);
  const columns = useMemo(
    () => columnsOf({ layer, order, goes, width, estimated }, chosen, chosenSet),
    [layer, order, goes, width, estimated, chosen, chosenSet],
  );

  const pick = useCallback((unit: number) => controller.bringUnit(unit), [controller]);
  const save = useCallback(
    (exported: Parameters<typeof controller.save>[0]) => controller.save(exported),
    [controller],
  );
  const toggle = (row: number, range: boolean, anchor: number): void => {
    if (range) controller.add(order.subarray(Math.min(anchor, row), Math.max(anchor, row) + 1));
    else controller.toggle(order[row]!);
  };

  return (
    <section class="neurons" aria-labelledby="neurons-title">
      <div class="heading">
        <h2 id="neurons-title">
          {plural(layer.units, word)} of {layer.layer}
        </h2>
        <vscode-button appearance="secondary" onClick={() => save(saveTable(layer, order, rank, estimated))}>
          Save Table as CSV
        </vscode-button>
      </div>
      <div ref={place}>
        <LayerChart
          clean={layer.cleanMean}
          triggered={layer.triggeredMean}
          estimated={estimated}
          order={chartOrder}
          pruned={layer.pruned}
          dead={layer.dead}
          pruneOrder={going}
          chosenCount={layer.state === 'before' ? chosen : 0}
          selected={chosenSet}
          current={current}
          unitWord={word}
          width={width}
          onPick={pick}
          exportName={fileName(layer.layer, 'mean-activations')}
          onExport={save}
        />
      </div>
      <MaskBar />
      {/* Enter goes on to what the table leads to; a click only shows it. */}
      <div
        onKeyDownCapture={(event) =>
          event.key === 'Enter' && (event.target as Element).closest('[role=row][data-row]') && focusUnit()
        }
      >
        <VirtualGrid
          label={`${capital(word)}s of ${layer.layer}`}
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
      <CurrentUnit />
      <p class="quiet">
        Arrow keys or click: look at one; Enter goes to its details. Space or its box: into your own mask, with Shift a
        range.{estimated ? ' “Triggered” is with the estimated trigger.' : ''}
      </p>
    </section>
  );
}
