import type { ComponentChild, JSX } from 'preact';
import { GridRow } from './grid-row';
import { useRowActions } from './use-row-actions';
import { useVirtualRows } from './use-virtual-rows';

export interface GridColumn {
  /** A click on a cell of the column `select` toggles the row. */
  id: string;
  label: string;
  /** In CSS pixels. */
  width: number;
  /** Takes part of what room is left. */
  grows?: boolean;
  /** The label in full, where that is short. */
  hint?: string;
  align: 'left' | 'right';
  sortable: boolean;
  /** The cell's content. Rows are drawn again when `columns` is another array: keep it with `useMemo`. */
  render(row: number): ComponentChild;
}

export interface VirtualGridProps {
  columns: readonly GridColumn[];
  /** How many rows there are. */
  rows: number;
  /** Stable identity of a row, so that sorting moves rows instead of changing them. */
  rowKey(row: number): string | number;
  sort: { by: string; descending: boolean } | null;
  /** A sortable header was activated. */
  onSort(id: string): void;
  /** Row that has the focus, or would get it; null: none yet. */
  current: number | null;
  onCurrent(row: number): void;
  selected(row: number): boolean;
  /**
   * Space, Ctrl+click, or a click in the column `select`. `range` with Shift, and for Shift with an arrow key: all rows from
   * `anchor`, where the person was last without Shift, to this one.
   */
  onToggle(row: number, range: boolean, anchor: number): void;
  /** Enter or a plain click. */
  onActivate(row: number): void;
  /** First row that is seen; the grid scrolls there when it differs from what it last reported. */
  firstRow: number;
  /** Scrolling has come to rest. */
  onFirstRow(row: number): void;
  /** In CSS pixels, header included; fewer rows make it lower. */
  height: number;
  /** Accessible name. */
  label: string;
}

const ROW_HEIGHT = 24;
const HEAD_HEIGHT = 28;

/** A table of many rows: keyboard, selection and sorting as the ARIA grid pattern has them, and only the rows in sight in the page. */
export function VirtualGrid(props: VirtualGridProps): JSX.Element {
  const { columns, rows, rowKey, sort, onSort, current, selected, height, label } = props;
  const stop = Math.min(current ?? props.firstRow, Math.max(0, rows - 1));
  const { scroller, items, total, reveal } = useVirtualRows(
    rows,
    ROW_HEIGHT,
    HEAD_HEIGHT,
    stop,
    props.firstRow,
    props.onFirstRow,
  );
  const page = (): number => Math.floor(((scroller.current?.clientHeight ?? 0) - HEAD_HEIGHT) / ROW_HEIGHT);
  const { body, actions, onKeyDown } = useRowActions(props, stop, page, reveal);

  return (
    <div
      class="fp-grid"
      role="grid"
      ref={scroller}
      aria-label={label}
      aria-rowcount={rows + 1}
      aria-multiselectable="true"
      style={{
        height: `${Math.min(height, HEAD_HEIGHT + rows * ROW_HEIGHT + 2)}px`,
        '--fp-row': `${ROW_HEIGHT}px`,
        '--fp-grid-head': `${HEAD_HEIGHT}px`,
        '--fp-columns': columns.map(({ width, grows }) => (grows ? `minmax(${width}px, 1fr)` : `${width}px`)).join(' '),
        '--fp-grid-width': `${columns.reduce((sum, { width }) => sum + width, 0)}px`,
      }}
    >
      <div role="rowgroup" class="fp-grid-head">
        <div role="row" class="fp-grid-labels" aria-rowindex={1}>
          {columns.map((column) => (
            <Head key={column.id} column={column} sort={sort} onSort={onSort} />
          ))}
        </div>
      </div>
      <div role="rowgroup" class="fp-grid-body" ref={body} onKeyDown={onKeyDown} style={{ height: `${total}px` }}>
        {items.map(({ index, start }) => (
          <GridRow
            key={rowKey(index)}
            row={index}
            columns={columns}
            selected={selected(index)}
            stop={index === stop}
            current={index === current}
            top={start - HEAD_HEIGHT}
            actions={actions}
          />
        ))}
      </div>
    </div>
  );
}

function Head({
  column: { id, label, hint, align, sortable },
  sort,
  onSort,
}: {
  column: GridColumn;
  sort: VirtualGridProps['sort'];
  onSort(id: string): void;
}): JSX.Element {
  const direction = sort?.by === id ? (sort.descending ? 'descending' : 'ascending') : 'none';
  return (
    <div
      role="columnheader"
      title={hint}
      class={`fp-cell fp-${align}`}
      aria-sort={sortable ? direction : undefined}
      data-column={id}
    >
      {sortable ? (
        <button type="button" onClick={() => onSort(id)}>
          {label}
          <span class={`fp-sort fp-sort-${direction}`} aria-hidden="true" />
        </button>
      ) : (
        label
      )}
    </div>
  );
}
