import { render, type JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import { VirtualGrid, type GridColumn } from '../../../webview/ui/grid/virtual-grid';
import '../../../webview/ui/theme.css';

/** A grid of 4,096 rows that sorts, and notes what it tells and which cells it draws. */

const ROWS = 4096;
const events: string[] = [];
const drawn: number[] = [];
const control: { setFirst?: (row: number) => void } = {};

function Page(): JSX.Element {
  const [current, setCurrent] = useState<number | null>(null);
  const [first, setFirst] = useState(0);
  const [descending, setDescending] = useState(false);
  const [selected, setSelected] = useState<ReadonlySet<number>>(new Set());
  control.setFirst = setFirst;
  const columns = useMemo<GridColumn[]>(() => {
    const unit = (row: number): number => (descending ? ROWS - 1 - row : row);
    return [
      {
        id: 'select',
        label: 'Mask',
        width: 60,
        align: 'left',
        sortable: false,
        render: (row) => (selected.has(row) ? 'in' : 'out'),
      },
      {
        id: 'index',
        label: 'Neuron',
        width: 100,
        align: 'right',
        sortable: true,
        render: (row) => {
          drawn.push(row);
          return String(unit(row));
        },
      },
      {
        id: 'mean',
        label: 'Mean',
        width: 80,
        grows: true,
        align: 'right',
        sortable: true,
        render: (row) => (unit(row) / ROWS).toFixed(3),
      },
    ];
  }, [descending, selected]);
  return (
    <>
      <h1>Grid</h1>
      <button type="button">before</button>
      <VirtualGrid
        label="Neurons"
        columns={columns}
        rows={ROWS}
        rowKey={(row) => (descending ? ROWS - 1 - row : row)}
        sort={{ by: 'index', descending }}
        onSort={(id) => {
          events.push(`sort ${id}`);
          setDescending(!descending);
        }}
        current={current}
        onCurrent={(row) => {
          events.push(`current ${row}`);
          setCurrent(row);
        }}
        selected={(row) => selected.has(row)}
        onToggle={(row, range, anchor) => {
          events.push(`toggle ${row} ${range} ${anchor}`);
          const next = new Set(selected);
          if (range) for (let i = Math.min(row, anchor); i <= Math.max(row, anchor); i++) next.add(i);
          else if (!next.delete(row)) next.add(row);
          setSelected(next);
        }}
        onActivate={(row) => events.push(`activate ${row}`)}
        firstRow={first}
        onFirstRow={(row) => {
          events.push(`first ${row}`);
          setFirst(row);
        }}
        height={400}
      />
    </>
  );
}

const place = document.getElementById('app');
place?.replaceChildren();
if (place) render(<Page />, place);
Object.assign(globalThis, { grid: { events, drawn, control } });
