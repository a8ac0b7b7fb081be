import { areaY, gridY, line, ruleY, type PlotOptions } from '@observablehq/plot';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { formatNumber, formatShare } from '../format';
import { drawnEdges, isDominated, outline, sharesOf } from './bins';
import { Figure, triggeredName, triggeredNote, type ChartFrame, type ChartTable } from './figure';
import { legend, legendWidth, textWidth, type LegendEntry } from './svg';
import { usePlot } from './use-plot';
import { count, percent } from '../../../server/protocol/words';

export interface HistogramProps extends ChartFrame {
  /** bins + 1 ascending edges. */
  edges: Float32Array;
  /** Clean images in each bin. */
  clean: Uint32Array;
  /** Triggered images in each bin; null without a trigger. */
  triggered: Uint32Array | null;
  /** In CSS pixels. */
  width: number;
}

const HEIGHT = 190;
const CLEAN: LegendEntry = { name: 'clean', kind: 'area', colour: 'var(--fp-clean)' };
const TRIGGERED: Omit<LegendEntry, 'name'> = { kind: 'line', colour: 'var(--fp-triggered)', dash: '5 3' };

/** How often a unit takes which values: clean images as a filled area, triggered ones as a dashed outline. */
export function Histogram(props: HistogramProps): JSX.Element {
  const { edges, clean, triggered, width, estimated } = props;
  const title = props.title ?? 'Activations';
  const inputs = [edges, clean, triggered, width, estimated];
  const description = useMemo(() => describe(props), [edges, clean, triggered, estimated]);
  const { place } = usePlot(title, description, () => (width > 120 ? options(props) : null), inputs);
  const table = useMemo(() => tableOf(props), [edges, clean, triggered, estimated]);
  return (
    <Figure
      title={title}
      description={description}
      table={table}
      exportName={props.exportName ?? 'histogram'}
      onExport={props.onExport}
    >
      <div class="fp-chart" ref={place} />
    </Figure>
  );
}

function options({ edges, clean, triggered, width, estimated }: HistogramProps): PlotOptions {
  const drawn = drawnEdges(edges);
  const sets = [sharesOf(clean), ...(triggered ? [sharesOf(triggered)] : [])];
  const root = isDominated(sets);
  const [cleanSet, triggeredSet] = sets.map((shares) => outline(drawn, shares));
  const most = Math.max(...sets.map((shares) => Math.max(...shares)), 1e-9);
  const label = root ? 'share of images, square-root scale' : 'share of images';
  const entries = [CLEAN, ...(triggered ? [{ ...TRIGGERED, name: triggeredName(estimated) }] : [])];
  // In a narrow page the legend has a row of its own below the axis's name.
  const lower = textWidth(label) + legendWidth(entries) > width ? 16 : 0;
  return {
    width,
    height: HEIGHT + lower,
    marginTop: 40 + lower,
    marginBottom: 34,
    marginLeft: 46,
    x: { label: 'activation', labelArrow: 'none', labelAnchor: 'center', ticks: width / 70 },
    y: {
      type: root ? 'sqrt' : 'linear',
      domain: [0, most],
      label,
      labelArrow: 'none',
      ticks: 4,
      tickFormat: formatShare,
    },
    marks: [
      gridY({ ticks: 4 }),
      cleanSet &&
        areaY(cleanSet.x, { x: cleanSet.x, y1: 0, y2: cleanSet.y, fill: 'var(--fp-clean)', fillOpacity: 0.35 }),
      cleanSet && line(cleanSet.x, { x: cleanSet.x, y: cleanSet.y, stroke: 'var(--fp-clean)', strokeWidth: 1.5 }),
      triggeredSet &&
        line(triggeredSet.x, {
          x: triggeredSet.x,
          y: triggeredSet.y,
          stroke: 'var(--fp-triggered)',
          strokeWidth: 2,
          strokeDasharray: '5 3',
        }),
      ruleY([0]),
      () => legend(entries, width, 12 + lower),
    ],
  };
}

function describe({ edges, clean, triggered, estimated }: HistogramProps): string {
  const fullest = (name: string, counts: Uint32Array): string => {
    const shares = sharesOf(counts);
    const bin = shares.indexOf(Math.max(...shares));
    const images = counts.reduce((sum, n) => sum + n, 0);
    return `${percent(shares[bin] ?? 0)} of ${count(images)} ${name} lie between ${formatNumber(edges[bin] ?? 0)} and ${formatNumber(edges[bin + 1] ?? 0)}, the fullest bin`;
  };
  return `${[fullest('clean images', clean), ...(triggered ? [fullest(estimated ? 'images with the estimated trigger' : 'triggered images', triggered)] : [])].join('; ')}.`;
}

function tableOf({ edges, clean, triggered, estimated }: HistogramProps): ChartTable {
  return {
    columns: ['From', 'To', 'Clean images', ...(triggered ? [`Triggered images${triggeredNote(estimated)}`] : [])].map(
      (label) => ({ label, align: 'right' }),
    ),
    rows: clean.length,
    cell: (row, column) => [edges[row], edges[row + 1], clean[row], triggered?.[row]][column] ?? null,
  };
}
