import { render } from 'preact';
import { CurveChart, type CurveChartProps } from '../../../webview/ui/charts/curve-chart';
import { ClassBars } from '../../../webview/ui/charts/class-bars';
import type { Exported } from '../../../webview/ui/charts/figure';
import { Histogram } from '../../../webview/ui/charts/histogram';
import { LayerChart, type LayerChartProps } from '../../../webview/ui/charts/layer-chart';
import '../../../webview/ui/theme.css';

/** All charts on one page, with data of a made-up layer whose last units carry a backdoor. */

const UNITS = 4096;
const rising = Float32Array.from({ length: UNITS }, (_, i) => i / UNITS);
const counts = Int32Array.from({ length: UNITS + 1 }, (_, i) => i);

const curve: CurveChartProps = {
  points: {
    pruned: counts,
    clean: Float64Array.from(counts, (n) => (n < 3500 ? 0.987 : 0.987 - ((n - 3500) / 600) * 0.88)),
    attack: Float64Array.from(counts, (n) => (n < 3000 ? 0.998 : Math.max(0.004, 0.998 - (n - 3000) / 500))),
  },
  units: UNITS,
  chosen: 819,
  limit: 3510,
  reference: 819,
  accuracyFloor: 0.977,
  asrGate: 0.05,
  unitWord: 'neuron',
  width: 640,
};
const layer: LayerChartProps = {
  clean: rising,
  triggered: rising.map((value, i) => (i % 1000 === 7 ? 2 : value * 0.9)),
  order: counts.slice(0, UNITS),
  pruned: Uint8Array.from({ length: UNITS }, (_, i) => (i < 12 ? 1 : 0)),
  dead: Uint8Array.from({ length: UNITS }, (_, i) => (i >= 12 && i < 30 ? 1 : 0)),
  chosenCount: 819,
  selected: new Uint8Array(UNITS),
  current: 2007,
  unitWord: 'neuron',
  width: 640,
  onPick: (unit) => events.push(`pick ${unit}`),
};

const events: string[] = [];
const exported: Exported[] = [];
const onExport = (one: Exported): void => void exported.push(one);

function show(curveChange: Partial<CurveChartProps> = {}, layerChange: Partial<LayerChartProps> = {}): void {
  Object.assign(curve, curveChange);
  Object.assign(layer, layerChange);
  const place = document.getElementById('app');
  if (!place) throw new Error('no place');
  render(
    <>
      <h1>Charts</h1>
      <CurveChart {...curve} onChoose={(n) => events.push(`choose ${n}`)} onExport={onExport} />
      <LayerChart {...layer} onExport={onExport} />
      <Histogram edges={edges} clean={clean} triggered={triggered} width={640} onExport={onExport} />
      <ClassBars
        title="Mean by class"
        label="mean activation"
        clean={perClass}
        triggered={perClassTriggered}
        target={7}
        width={640}
        onExport={onExport}
      />
      <ClassBars
        title="Outgoing weights"
        label="weight"
        clean={outgoing}
        triggered={null}
        target={7}
        width={640}
        exportName={'weights, "by class"'}
        onExport={onExport}
      />
    </>,
    place,
  );
}

const edges = Float32Array.from({ length: 31 }, (_, i) => i / 10);
const clean = Uint32Array.from({ length: 30 }, (_, i) => (i === 0 ? 9700 : i < 8 ? 40 : 0));
const triggered = Uint32Array.from({ length: 30 }, (_, i) => (i > 15 ? 600 : 0));
const perClass = Float32Array.from([0.1, 0.2, 0, 0.4, 0.1, 0.3, 0.2, 0.5, 0.1, 0]);
const perClassTriggered = perClass.map((value) => value + 1);
const outgoing = Float32Array.from([0.5, -0.25, 0.1, -0.6, 0.2, 0, -0.1, 1.2, -0.3, 0.05]);

document.getElementById('app')?.replaceChildren();
show();
Object.assign(globalThis, { gallery: { show, events, exported, layer } });
