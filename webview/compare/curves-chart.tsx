import { gridY, line, type PlotOptions } from '@observablehq/plot';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { CurvePoints } from '../ui/charts/curve-chart';
import { valueAt } from '../ui/charts/curve-data';
import { Figure, type ChartFrame, type ChartTable } from '../ui/charts/figure';
import { legend, legendWidth, svgElement, textWidth, type LegendEntry } from '../ui/charts/svg';
import { usePlot } from '../ui/charts/use-plot';
import { formatShare } from '../ui/format';
import { count, percent } from '../../server/protocol/words';

/** One report's curve. */
export interface SideCurve {
  /** `base` or `head`. */
  side: 'base' | 'head';
  points: CurvePoints;
  /** Units of the layer. */
  units: number;
  /** Number of units that were pruned. */
  chosen: number;
  /** Figures of those, where the curve does not have them (`offCurve`). */
  offCurve?: { clean: number; attack: number | null } | undefined;
}

export interface CurvesChartProps extends ChartFrame {
  curves: readonly SideCurve[];
  /** In CSS pixels. */
  width: number;
}

const HEIGHT = 280;
const Y_LABEL = 'share of images';
const MARGIN = { marginTop: 52, marginRight: 16, marginBottom: 34, marginLeft: 46 };
/** Base thin and broken, head thick; the dashes tell the two figures apart without colour. */
const LOOKS = {
  base: { strokeWidth: 1.25, clean: '2 3', attack: '8 3 2 3', opacity: 0.85 },
  head: { strokeWidth: 2.25, clean: undefined, attack: '7 4', opacity: 1 },
} as const;

/** Pruning curves of two reports on one frame. Layers of unequal size are laid over each other by share of units. */
export function CurvesChart(props: CurvesChartProps): JSX.Element {
  const { curves, width } = props;
  const title = props.title ?? 'Outcome by number of pruned units';
  const description = useMemo(() => describe(curves), [curves]);
  const { place } = usePlot(title, description, () => (width > 120 ? options(props) : null), [curves, width]);
  const table = useMemo(() => curvesTable(curves), [curves]);
  return (
    <Figure
      title={title}
      description={description}
      table={table}
      exportName={props.exportName ?? 'pruning-curves'}
      onExport={props.onExport}
    >
      <div class="fp-chart" ref={place} />
    </Figure>
  );
}

/** Whether both count the same number of units. */
const sameSize = (curves: readonly SideCurve[]): boolean => new Set(curves.map(({ units }) => units)).size < 2;

function options({ curves, width }: CurvesChartProps): PlotOptions {
  const same = sameSize(curves);
  const units = Math.max(1, curves[0]?.units ?? 1);
  const at = ({ units: all }: SideCurve, pruned: number): number => (same ? pruned : pruned / Math.max(1, all));
  const lines = curves.flatMap((curve) => {
    const {
      points: { pruned, clean, attack },
      side,
    } = curve;
    const x = Array.from(pruned, (n) => at(curve, n));
    const { strokeWidth, opacity, ...dash } = LOOKS[side];
    const looks = (values: Float64Array, stroke: string, strokeDasharray: string | undefined) =>
      line(x, {
        x,
        y: values,
        stroke,
        strokeWidth,
        strokeOpacity: opacity,
        ...(strokeDasharray !== undefined && { strokeDasharray }),
      });
    return [looks(clean, 'var(--fp-clean)', dash.clean), attack && looks(attack, 'var(--fp-triggered)', dash.attack)];
  });
  // In a narrow page the legend begins below the name of the axis.
  const lower = curves.some((curve) => textWidth(Y_LABEL) + legendWidth(entriesOf(curve)) > width) ? 16 : 0;
  return {
    ...MARGIN,
    marginTop: MARGIN.marginTop + lower,
    width,
    height: HEIGHT + lower,
    x: same
      ? {
          domain: [0, units],
          label: `pruned units of ${count(units)}`,
          labelArrow: 'none',
          labelAnchor: 'center',
          ticks: Math.min(units, width / 70),
          tickFormat: (n: number) => (Number.isInteger(n) ? count(n) : ''),
        }
      : {
          domain: [0, 1],
          label: 'share of the layer’s units pruned',
          labelArrow: 'none',
          labelAnchor: 'center',
          ticks: width / 90,
          tickFormat: formatShare,
        },
    y: { domain: [0, 1], label: Y_LABEL, labelArrow: 'none', ticks: 5, tickFormat: formatShare },
    marks: [
      gridY({ ticks: 5 }),
      ...lines,
      (_index, { x, y }) =>
        x && y
          ? marks(
              curves,
              width,
              14 + lower,
              (curve, n) => Number(x(at(curve, n))),
              (share) => Number(y(share)),
            )
          : null,
    ],
  };
}

/** Where each was pruned, as a point on each of its lines, and what the lines are. */
function marks(
  curves: readonly SideCurve[],
  width: number,
  legendTop: number,
  x: (curve: SideCurve, n: number) => number,
  y: (share: number) => number,
): SVGGElement {
  const group = svgElement('g', { 'text-anchor': 'start' });
  curves.forEach((curve, row) => {
    const { side, chosen } = curve;
    const shares = prunedAt(curve);
    const filled = side === 'head';
    const left = x(curve, chosen);
    const looks = (colour: string) => ({
      fill: filled ? colour : 'var(--fp-surface)',
      stroke: filled ? 'currentColor' : colour,
      'stroke-width': 1.5,
    });
    group.append(svgElement('circle', { cx: left, cy: y(shares.clean), r: 4.5, ...looks('var(--fp-clean)') }));
    if (shares.attack !== null)
      group.append(
        svgElement('rect', {
          x: left - 4,
          y: y(shares.attack) - 4,
          width: 8,
          height: 8,
          ...looks('var(--fp-triggered)'),
        }),
      );
    group.append(legend(entriesOf(curve), width - 4, legendTop + row * 16));
  });
  return group;
}

function entriesOf({ side, chosen, points: { attack } }: SideCurve): LegendEntry[] {
  const entries: LegendEntry[] = [
    { name: `${side}: clean accuracy`, kind: 'line', colour: 'var(--fp-clean)', dash: LOOKS[side].clean },
  ];
  if (attack) entries.push({ name: 'ASR', kind: 'line', colour: 'var(--fp-triggered)', dash: LOOKS[side].attack });
  entries.push({ name: `pruned: ${count(chosen)}`, kind: 'line', colour: 'none' });
  return entries;
}

/** What pruning those units did, before fine-tuning. */
export function prunedAt({ chosen, offCurve, points: { pruned, clean, attack } }: SideCurve): {
  clean: number;
  attack: number | null;
} {
  return offCurve ?? { clean: valueAt(pruned, clean, chosen), attack: attack && valueAt(pruned, attack, chosen) };
}

function describe(curves: readonly SideCurve[]): string {
  return curves
    .map((curve) => {
      const { clean, attack } = prunedAt(curve);
      return `In the ${curve.side}, with ${count(curve.chosen)} units pruned, clean accuracy is ${percent(clean)}${attack === null ? '' : ` and the attack success rate ${percent(attack)}`}.`;
    })
    .join(' ');
}

/** Both curves as one table, a row for each number that either was measured at. */
export function curvesTable(curves: readonly SideCurve[]): ChartTable {
  const rows = [...new Set(curves.flatMap(({ points }) => [...points.pruned]))].sort((a, b) => a - b);
  const columns: { label: string; at: Map<number, number> }[] = curves.flatMap(
    ({ side, points: { pruned, clean, attack } }) => {
      const byNumber = (values: Float64Array): Map<number, number> =>
        new Map(Array.from(pruned, (n, i) => [n, values[i] ?? NaN]));
      return [
        { label: `Clean accuracy, ${side}`, at: byNumber(clean) },
        ...(attack ? [{ label: `ASR, ${side}`, at: byNumber(attack) }] : []),
      ];
    },
  );
  return {
    columns: ['Units pruned', ...columns.map(({ label }) => label)].map((label) => ({ label, align: 'right' })),
    rows: rows.length,
    cell: (row, column) =>
      column === 0 ? (rows[row] ?? null) : (columns[column - 1]?.at.get(rows[row] ?? -1) ?? null),
  };
}
