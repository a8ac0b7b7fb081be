import type { RefObject } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { gridAction } from './grid-keys';
import type { RowActions } from './grid-row';
import type { VirtualGridProps } from './virtual-grid';

/**
 * What mouse and keyboard do to the rows: where the focus is, what is selected, what is activated.
 * @param stop row that the keyboard acts on
 * @param page how many rows are in sight
 * @param reveal scrolls a row into sight
 * @returns `body` goes to the element that holds the rows
 */
export function useRowActions(
  props: VirtualGridProps,
  stop: number,
  page: () => number,
  reveal: (row: number) => void,
): { body: RefObject<HTMLDivElement | null>; actions: RowActions; onKeyDown(event: KeyboardEvent): void } {
  const { rows, current } = props;
  const body = useRef<HTMLDivElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const anchor = useRef(stop);
  const wantsFocus = useRef(false);

  const actions = useMemo<RowActions>(
    () => ({
      focus: (row) => row !== latest.current.current && latest.current.onCurrent(row),
      click: (row, event) => {
        const box = event.target instanceof Element && event.target.closest('[data-column=select]') !== null;
        if (event.shiftKey) {
          latest.current.onToggle(row, true, anchor.current);
          return;
        }
        anchor.current = row;
        if (box || event.ctrlKey || event.metaKey) latest.current.onToggle(row, false, row);
        else latest.current.onActivate(row);
      },
    }),
    [],
  );

  useLayoutEffect(() => {
    if (!wantsFocus.current || current === null) return;
    wantsFocus.current = false;
    reveal(current);
    body.current?.querySelector<HTMLElement>(`[data-row="${current}"]`)?.focus({ preventScroll: true });
  }, [current, reveal]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const action = gridAction(event, stop, rows, page());
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    if (action.kind === 'activate') props.onActivate(stop);
    else if (action.kind === 'toggle') {
      if (!action.range) anchor.current = stop;
      props.onToggle(stop, action.range, anchor.current);
    } else {
      if (!action.extend) anchor.current = action.to;
      wantsFocus.current = action.to !== current;
      if (wantsFocus.current) props.onCurrent(action.to);
      if (action.extend) props.onToggle(action.to, true, anchor.current);
    }
  };
  return { body, actions, onKeyDown };
}
