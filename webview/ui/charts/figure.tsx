import type { ComponentChildren, JSX } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { formatNumber } from '../format';
import { Menu } from '../menu';
import { toCsv, toPng, toSvg } from './export';
import { PLOT_CLASS } from './use-plot';
import { count } from '../../../server/protocol/words';

/** What the person saves: bytes of a whole file. */
export interface Exported {
  /** Base name without extension. */
  name: string;
  format: 'svg' | 'png' | 'csv';
  content: Uint8Array;
}

/** The data behind a chart; cells are asked for only when the table is opened or saved. */
export interface ChartTable {
  columns: { label: string; align: 'left' | 'right' }[];
  rows: number;
  /** A number is written as it is in CSV, and shortened on the page. */
  cell(row: number, column: number): string | number | null;
}

/** What every chart takes beside its data. */
export interface ChartFrame {
  /** Whether the trigger was estimated from the model: wherever the chart names what it did, it says so, in saved files too. */
  estimated?: boolean | undefined;
  /** Heading and accessible name; default: the chart's own. */
  title?: string;
  /** Base name of saved files; default: the chart's own. */
  exportName?: string;
  /** Without it there is no Save menu. */
  onExport?(exported: Exported): void;
}

/** What images with the trigger are called: in a legend, and behind the name of a column. */
export const triggeredName = (estimated = false): string => (estimated ? 'estimated trigger' : 'triggered');
export const triggeredNote = (estimated = false): string => (estimated ? ' (estimated trigger)' : '');

export interface FigureProps {
  title: string;
  /** One or two sentences that say what the chart shows, for people who don't see it. */
  description: string;
  table: ChartTable;
  exportName: string;
  onExport?(exported: Exported): void;
  children: ComponentChildren;
}

/** As many rows as the page draws; a saved table has all. */
export const MOST_ROWS = 500;

const FORMATS = [
  { id: 'svg', label: 'SVG image' },
  { id: 'png', label: 'PNG image' },
  { id: 'csv', label: 'CSV table' },
];

/** A chart with its heading, the data behind it, and a menu that saves either. */
export function Figure({ title, description, table, exportName, onExport, children }: FigureProps): JSX.Element {
  const root = useRef<HTMLElement>(null);
  const [open, setOpen] = useState(false);
  const id = useId();

  const save = async (format: string): Promise<void> => {
    const svg = root.current?.querySelector<SVGSVGElement>(`svg.${PLOT_CLASS}`);
    if (format === 'csv') onExport?.({ name: exportName, format, content: toCsv(table) });
    else if (format === 'svg' && svg)
      onExport?.({ name: exportName, format, content: new TextEncoder().encode(toSvg(svg)) });
    else if (format === 'png' && svg) onExport?.({ name: exportName, format, content: await toPng(svg) });
  };
  return (
    <figure class="fp-figure" ref={root} aria-labelledby={`${id}-title`} aria-describedby={`${id}-description`}>
      <figcaption>
        <span id={`${id}-title`}>{title}</span>
        {/* What goes wrong becomes a fault of the page: see connectHost. */}
        {onExport && (
          <Menu label={`Save ${title}`} icon="save" items={FORMATS} onChoose={(format) => void save(format)} />
        )}
      </figcaption>
      <p class="fp-unseen" id={`${id}-description`}>
        {description}
      </p>
      {children}
      <details class="fp-data" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Data</summary>
        {open && <DataTable title={title} table={table} />}
      </details>
    </figure>
  );
}

function DataTable({ title, table: { columns, rows, cell } }: { title: string; table: ChartTable }): JSX.Element {
  const shown = Math.min(rows, MOST_ROWS);
  return (
    <div class="fp-data-scroll" tabIndex={0} role="region" aria-label={`Data of ${title}`}>
      <table>
        {shown < rows && (
          <caption>
            {count(shown)} of {count(rows)} rows. Save the chart as CSV for all.
          </caption>
        )}
        <thead>
          <tr>
            {columns.map(({ label, align }) => (
              <th key={label} scope="col" class={`fp-${align}`}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {Array.from({ length: shown }, (_, row) => (
            <tr key={row}>
              {columns.map(({ label, align }, column) => {
                const value = cell(row, column);
                return (
                  <td key={label} class={`fp-${align}`}>
                    {typeof value === 'number' ? formatNumber(value) : value}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
