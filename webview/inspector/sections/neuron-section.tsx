import type { JSX } from 'preact';
import { useCallback, useMemo } from 'preact/hooks';
import { LayerChart } from '../../ui/charts/layer-chart';
import { useWidth } from '../../ui/use-width';
import { useController } from '../state/context';
import { CurrentUnit } from './current-unit';
import { MaskBar } from './mask-bar';
import { plannedOrder } from '../state/plan';
import { useView } from '../state/store';
import { saveTable } from '../state/table';
import { ranks } from '../state/units';
import { useChartOrder, useChosen, useOrder } from '../state/use-layer';
import { UnitGrid } from './unit-grid';
import { fileName, isEstimated } from '../words/words';
import { plural, unitWord } from '../../../server/protocol/words';

/** Every unit of the layer: as a chart, and as a grid that sorts, scrolls and selects. */
export function NeuronSection(): JSX.Element {
  const controller = useController();
  const layer = useView((view) => view.layer)!;
  const { count: chosen, units: exactly } = useChosen();
  const selected = useView((view) => view.choice.selected);
  const current = useView((view) => view.choice.unit);
  const { order, rowOf } = useOrder();
  const chartOrder = useChartOrder(layer, order);
  const [place, width] = useWidth();
  const word = unitWord(layer.layerKind);
  const estimated = useView((view) => isEstimated(view.overview!));

  const rank = useMemo(() => ranks(layer.order), [layer]);
  // What is marked as going; the first `chosen` of it.
  const going = useMemo(() => plannedOrder(layer.order, exactly), [layer, exactly]);
  const chosenSet = useMemo(() => {
    const flags = new Uint8Array(layer.units);
    for (const unit of selected) flags[unit] = 1;
    return flags;
  }, [layer, selected]);

  const pick = useCallback((unit: number) => controller.bringUnit(unit), [controller]);
  const save = useCallback(
    (exported: Parameters<typeof controller.save>[0]) => controller.save(exported),
    [controller],
  );
  const shown = { layer, order, rowOf, going, chosen, chosenSet, width, estimated };

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
      <UnitGrid {...shown} />
      <CurrentUnit />
      <p class="quiet">
        Arrow keys or click: show one; Enter: go to its details. Space or its checkbox: select it for the mask; with
        Shift, a range.{estimated ? ' “Triggered” means with the estimated trigger.' : ''}
      </p>
    </section>
  );
}
