import { Component, type JSX } from 'preact';
import type { GridColumn } from './virtual-grid';

/** What a row does; one object for all rows, which stays the same. */
export interface RowActions {
  focus(row: number): void;
  click(row: number, event: MouseEvent): void;
}

interface GridRowProps {
  row: number;
  columns: readonly GridColumn[];
  selected: boolean;
  /** It is the grid's tab stop. */
  stop: boolean;
  /** It is the row that is looked at. */
  current: boolean;
  /** Pixels from the first row. */
  top: number;
  actions: RowActions;
}

/** A row, drawn again only when something of it has changed: scrolling moves none of the rows that stay. */
export class GridRow extends Component<GridRowProps> {
  override shouldComponentUpdate(next: GridRowProps): boolean {
    const { row, columns, selected, stop, current, top } = this.props;
    return (
      row !== next.row ||
      columns !== next.columns ||
      selected !== next.selected ||
      stop !== next.stop ||
      current !== next.current ||
      top !== next.top
    );
  }

  override render({ row, columns, selected, stop, current, top, actions }: GridRowProps): JSX.Element {
    return (
      <div
        role="row"
        class={current ? 'fp-row fp-row-current' : 'fp-row'}
        data-row={row}
        aria-rowindex={row + 2}
        aria-selected={selected}
        aria-current={current ? 'true' : undefined}
        tabIndex={stop ? 0 : -1}
        style={{ transform: `translateY(${top}px)` }}
        onFocus={() => actions.focus(row)}
        onClick={(event) => actions.click(row, event)}
      >
        {columns.map(({ id, align, render }) => (
          <div key={id} role="gridcell" class={`fp-cell fp-${align}`} data-column={id}>
            {render(row)}
          </div>
        ))}
      </div>
    );
  }
}
