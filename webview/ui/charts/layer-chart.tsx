import { areaY, gridY, line, ruleY, type PlotOptions } from '@observablehq/plot';
import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { formatNumber } from '../format';
import { outline } from './bins';
import { Figure, triggeredName, triggeredNote, type ChartFrame, type ChartTable } from './figure';
import { LANE, LayerMarks, TOP, lanesOf } from './layer-marks';
import { legend, legendWidth, textWidth, type LegendEntry } from './svg';
import { pointerX, usePlot } from './use-plot';
import { capital, count, plural } from '../../../server/protocol/words';

/** Arrays have one entry a unit, by the unit's index. A changed array is another array: contents are not compared. */
export interface LayerChartProps extends ChartFrame {
  /** Mean activations on clean inputs. */
  clean: Float32Array;
  /** Mean activations on triggered inputs; null without a trigger. */
  triggered: Float32Array | null;
  /** Units in the order in which they are shown, from left to right. */
  order: Int32Array;
  /** 1 for a unit that is pruned in the model shown. */
  pruned: Uint8Array;
  /** 1 for a unit that is constant over all clean images; absent: none is marked. */
  dead?: Uint8Array;
  /** Units in the order in which the config's rule prunes them; absent: `order` is that order. The first `chosenCount` are marked. */
  pruneOrder?: Int32Array;
  /** How many units the slider would prune. Changing it, `selected` or `current` moves marks and redraws nothing. */
  chosenCount: number;
  /** 1 for a unit of the own mask. */
  selected: Uint8Array;
  /** Index of the unit that is looked at. */
  current: number | null;
  /** Whether the page lets a person choose and select units; default: yes. */
  choosable?: boolean;
  /** What `order` is; default: `in the order of the table`. */
  orderText?: string;
  /** `neuron` or `channel`; default `unit`. */
  unitWord?: string;
  /** In CSS pixels. */
  width: number;
  /** A unit was clicked. */
  onPick(unit: number): void;
}

const FRAME = 150;
const MARGIN = { marginLeft: 58, marginRight: 8, marginBottom: 52 };
const CLEAN: LegendEntry = { name: 'clean', kind: 'area', colour: 'var(--fp-clean)' };
const TRIGGERED: Omit<LegendEntry, 'name'> = { kind: 'line', colour: 'var(--fp-triggered)', dash: '5 3' };

/** Mean activations of all units of a layer, in the order that the person looks at them. */
export function LayerChart(props: LayerChartProps): JSX.Element {
  const {
    clean,
    triggered,
    order,
    pruned,
    dead,
    pruneOrder,
    chosenCount,
    selected,
    current,
    unitWord = 'unit',
    width,
    estimated,
    onPick,
  } = props;
  const title = props.title ?? 'Mean activations';
  const marginTop = TOP + lanesOf(props).length * LANE + 6;
  const description = useMemo(() => describe(props), [clean, triggered, unitWord, estimated]);
  const positions = useMemo(() => inverse(order), [order]);
  const ranks = useMemo(() => (pruneOrder ? inverse(pruneOrder) : positions), [pruneOrder, positions]);
  const inputs = [clean, triggered, order, pruned, dead, unitWord, width, estimated];
  const { place, drawing } = usePlot(
    title,
    description,
    () => (width > 140 ? options(props, marginTop) : null),
    inputs,
  );

  const marks = useRef<LayerMarks | null>(null);
  const hovered = useRef<number | null>(null);
  const drawn = [title, description, ...inputs];
  useLayoutEffect(() => {
    marks.current = drawing.current && new LayerMarks(drawing.current, props, marginTop + FRAME, MARGIN.marginLeft);
  }, drawn);
  useLayoutEffect(
    () => marks.current?.mark('chosen', (unit) => (ranks[unit] ?? Infinity) < chosenCount),
    [chosenCount, ranks, ...drawn],
  );
  useLayoutEffect(() => marks.current?.mark('selected', (unit) => selected[unit] === 1), [selected, ...drawn]);
  const point = (): void =>
    marks.current?.point(current === null ? null : (positions[current] ?? null), hovered.current);
  useLayoutEffect(point, [current, positions, ...drawn]);

  const table = useMemo(() => tableOf(props), [clean, triggered, order, pruned, dead, unitWord, estimated]);
  const positionAt = (event: PointerEvent | MouseEvent): number | null => {
    if (!drawing.current) return null;
    const position = Math.floor(drawing.current.valueAt(pointerX(drawing.current, event)));
    return position >= 0 && position < order.length ? position : null;
  };
  const hover = (position: number | null): void => {
    if (position === hovered.current) return;
    hovered.current = position;
    point();
  };
  return (
    <Figure
      title={title}
      description={description}
      table={table}
      exportName={props.exportName ?? 'activations'}
      onExport={props.onExport}
    >
      <div
        class="fp-chart fp-chart-choose"
        ref={place}
        onPointerMove={(event) => hover(positionAt(event))}
        onPointerLeave={() => hover(null)}
        onClick={(event) => {
          const position = positionAt(event);
          const unit = position === null ? undefined : order[position];
          if (unit !== undefined) onPick(unit);
        }}
      />
    </Figure>
  );
}

function options(
  {
    clean,
    triggered,
    order,
    unitWord = 'unit',
    orderText = 'in the order of the table',
    width,
    estimated,
  }: LayerChartProps,
  marginTop: number,
): PlotOptions {
  const edges = Float64Array.from({ length: order.length + 1 }, (_, i) => i);
  const steps = (values: Float32Array): { x: Float64Array; y: Float64Array } =>
    outline(
      edges,
      Float64Array.from(order, (unit) => values[unit] ?? 0),
    );
  const cleanSteps = steps(clean);
  const triggeredSteps = triggered && steps(triggered);
  const all = [cleanSteps.y, ...(triggeredSteps ? [triggeredSteps.y] : [])].flatMap((values) => [
    minimum(values),
    maximum(values),
  ]);
  const low = Math.min(0, ...all);
  const high = Math.max(0, ...all);
  const label = `${unitWord}s, ${orderText}`;
  const entries = [CLEAN, ...(triggered ? [{ ...TRIGGERED, name: triggeredName(estimated) }] : [])];
  // In a narrow page the legend has a row of its own below the axis's name.
  const narrow = MARGIN.marginLeft + textWidth(label) + legendWidth(entries) > width;
  const marginBottom = MARGIN.marginBottom + (narrow ? 16 : 0);
  const height = marginTop + FRAME + marginBottom;
  return {
    ...MARGIN,
    marginTop,
    marginBottom,
    width,
    height,
    x: {
      domain: [0, Math.max(1, order.length)],
      label,
      labelArrow: 'none',
      labelAnchor: 'left',
      labelOffset: MARGIN.marginBottom - 3,
      ticks: width / 80,
      tickFormat: count,
    },
    y: { domain: low === high ? [0, 1] : [low, high], nice: true, label: null, ticks: 4 },
    marks: [
      gridY({ ticks: 4 }),
      areaY(cleanSteps.x, { x: cleanSteps.x, y1: 0, y2: cleanSteps.y, fill: 'var(--fp-clean)', fillOpacity: 0.35 }),
      line(cleanSteps.x, { x: cleanSteps.x, y: cleanSteps.y, stroke: 'var(--fp-clean)', strokeWidth: 1.2 }),
      triggeredSteps &&
        line(triggeredSteps.x, {
          x: triggeredSteps.x,
          y: triggeredSteps.y,
          stroke: 'var(--fp-triggered)',
          strokeWidth: 1.5,
          strokeDasharray: '5 3',
        }),
      ruleY([0]),
      () => legend(entries, width, height - 4),
    ],
  };
}

/** Where each unit is in an order: the inverse permutation. */
function inverse(order: Int32Array): Int32Array {
  const positions = new Int32Array(order.length);
  order.forEach((unit, position) => (positions[unit] = position));
  return positions;
}

const minimum = (values: Float64Array): number => values.reduce((a, b) => Math.min(a, b), Infinity);
const maximum = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b), -Infinity);

function describe({ clean, triggered, unitWord = 'unit', estimated }: LayerChartProps): string {
  if (clean.length === 0) return 'The layer has no units.';
  const most = clean.reduce((best, value, unit) => (value > (clean[best] ?? 0) ? unit : best), 0);
  const text = `Mean activations of ${plural(clean.length, unitWord)}; the highest on clean inputs is ${formatNumber(clean[most] ?? 0)}, ${unitWord} ${most}.`;
  if (!triggered) return text;
  const difference = (unit: number): number => (triggered[unit] ?? 0) - (clean[unit] ?? 0);
  const widest = clean.reduce((best, _, unit) => (difference(unit) > difference(best) ? unit : best), 0);
  return `${text} ${estimated ? 'Inputs with the estimated trigger' : 'Triggered inputs'} raise ${unitWord} ${widest} most, from ${formatNumber(clean[widest] ?? 0)} to ${formatNumber(triggered[widest] ?? 0)}.`;
}

function tableOf({ clean, triggered, order, pruned, dead, unitWord = 'unit', estimated }: LayerChartProps): ChartTable {
  const names = [
    capital(unitWord),
    'Clean mean',
    ...(triggered ? [`Triggered mean${triggeredNote(estimated)}`, `Difference${triggeredNote(estimated)}`] : []),
    'State',
  ];
  return {
    columns: names.map((label) => ({ label, align: label === 'State' ? 'left' : 'right' })),
    rows: order.length,
    cell: (row, column) => {
      const unit = order[row] ?? 0;
      const mean = clean[unit] ?? 0;
      const state = pruned[unit] ? 'pruned' : dead?.[unit] ? 'dead' : '';
      const with_ = triggered?.[unit] ?? null;
      return (with_ === null ? [unit, mean, state] : [unit, mean, with_, with_ - mean, state])[column] ?? null;
    },
  };
}
