import { gridY, ruleY, type PlotOptions } from '@observablehq/plot';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { formatNumber } from '../format';
import { Figure, triggeredName, triggeredNote, type ChartFrame, type ChartTable } from './figure';
import { barsPath, fit, label as text, legend, svgElement, textWidth, type LegendEntry } from './svg';
import { usePlot } from './use-plot';
import { capital } from '../../../server/protocol/words';

export interface ClassBarsProps extends ChartFrame {
  /** One value a class, of either sign. */
  clean: Float32Array;
  /** One value a class on triggered inputs; null: one set of bars. */
  triggered: Float32Array | null;
  /** The attacker's target class, which is marked. */
  target: number | null;
  /** What the values are, such as `mean activation` or `weight`. */
  label: string;
  /** In CSS pixels. */
  width: number;
}

const HEIGHT = 190;
const MARGIN = { marginTop: 40, marginBottom: 40, marginLeft: 52, marginRight: 8 };
const pair = (estimated: boolean | undefined): LegendEntry[] => [
  { name: 'clean', kind: 'area', colour: 'var(--fp-clean)' },
  { name: triggeredName(estimated), kind: 'outline', colour: 'var(--fp-triggered)', dash: '3 2' },
];

/** A value for every class: clean as filled bars, triggered as dashed frames beside them. Below zero goes down. */
export function ClassBars(props: ClassBarsProps): JSX.Element {
  const { clean, triggered, target, label, width, estimated } = props;
  const title = props.title ?? `${capital(label)} by class`;
  const description = useMemo(() => describe(props), [clean, triggered, target, label, estimated]);
  const { place } = usePlot(title, description, () => (width > 120 ? options(props) : null), [
    clean,
    triggered,
    target,
    label,
    width,
    estimated,
  ]);
  const table = useMemo(() => tableOf(props), [clean, triggered, label, estimated]);
  return (
    <Figure
      title={title}
      description={description}
      table={table}
      exportName={props.exportName ?? `${label.replace(/\W+/g, '-')}-by-class`}
      onExport={props.onExport}
    >
      <div class="fp-chart" ref={place} />
    </Figure>
  );
}

function options({ clean, triggered, target, width, estimated }: ClassBarsProps): PlotOptions {
  const values = [...clean, ...(triggered ?? [])];
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const classes = clean.length;
  // Every class is named where there is room for its number.
  const every = Math.max(1, Math.ceil((classes * 22) / Math.max(1, width - MARGIN.marginLeft)));
  return {
    ...MARGIN,
    width,
    height: HEIGHT,
    x: {
      domain: [-0.5, classes - 0.5],
      label: 'class',
      labelArrow: 'none',
      labelAnchor: 'center',
      ticks: Array.from({ length: Math.ceil(classes / every) }, (_, i) => i * every),
      tickFormat: String,
      tickSize: 0,
    },
    y: { domain: low === high ? [0, 1] : [low, high], nice: true, label: null, ticks: 4 },
    marks: [
      gridY({ ticks: 4 }),
      (_index, { x, y }) => {
        if (!x || !y) return null;
        const group = svgElement('g');
        const bars = (set: Float32Array, from: number, to: number, looks: Record<string, string | number>): void => {
          const path = barsPath(
            Array.from(set, (value, i) => ({
              left: Number(x(i + from)),
              right: Number(x(i + to)),
              base: Number(y(0)),
              top: Number(y(value)),
            })).filter(({ base, top }) => base !== top),
          );
          group.append(svgElement('path', { d: path, ...looks }));
        };
        const filled = {
          fill: 'var(--fp-clean)',
          'fill-opacity': 0.35,
          stroke: 'var(--fp-clean)',
          'stroke-width': 1.5,
        };
        if (triggered) {
          bars(clean, -0.38, -0.03, filled);
          bars(triggered, 0.03, 0.38, {
            fill: 'none',
            stroke: 'var(--fp-triggered)',
            'stroke-width': 1.5,
            'stroke-dasharray': '3 2',
          });
        } else {
          bars(
            clean.map((value) => Math.max(0, value)),
            -0.3,
            0.3,
            filled,
          );
          bars(
            clean.map((value) => Math.min(0, value)),
            -0.3,
            0.3,
            { ...filled, fill: 'var(--fp-negative)', stroke: 'var(--fp-negative)' },
          );
        }
        return group;
      },
      ruleY([0]),
      (_index, { x }) => (target === null || !x ? null : targetMark(Number(x(target)), width)),
      () => (triggered ? legend(pair(estimated), width, 12) : null),
    ],
  };
}

/** A triangle and the word, below the class. */
function targetMark(x: number, width: number): SVGGElement {
  const top = HEIGHT - MARGIN.marginBottom + 17;
  return svgElement(
    'g',
    { 'text-anchor': 'start' },
    svgElement('path', { d: `M${x},${top}l4,6h-8z`, fill: 'var(--fp-triggered)' }),
    text('target', { x: fit(x, textWidth('target'), 2, width - 2), y: top + 16 }),
  );
}

function describe({ clean, triggered, target, label, estimated }: ClassBarsProps): string {
  const highest = (name: string, values: Float32Array): string => {
    const at = values.indexOf(Math.max(...values));
    return `${name}${label} is highest for class ${at}, ${formatNumber(values[at] ?? 0)}${target !== null && target !== at ? `, and ${formatNumber(values[target] ?? 0)} for the target class ${target}` : ''}`;
  };
  const parts = triggered
    ? [highest('clean ', clean), highest(estimated ? 'with the estimated trigger, ' : 'triggered ', triggered)]
    : [highest('', clean)];
  return `${capital(parts.join('; '))}.`;
}

function tableOf({ clean, triggered, label, estimated }: ClassBarsProps): ChartTable {
  const names = triggered
    ? ['Class', `Clean ${label}`, `Triggered ${label}${triggeredNote(estimated)}`]
    : ['Class', capital(label)];
  return {
    columns: names.map((name) => ({ label: name, align: 'right' })),
    rows: clean.length,
    cell: (row, column) => [row, clean[row], triggered?.[row]][column] ?? null,
  };
}
