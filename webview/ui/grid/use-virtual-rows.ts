import {
  Virtualizer,
  defaultRangeExtractor,
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useCallback, useLayoutEffect, useReducer, useRef } from 'preact/hooks';

export interface VirtualRows {
  scroller: RefObject<HTMLDivElement | null>;
  /** The rows to draw: those in sight, a few around them, and the one that is always kept. */
  items: VirtualItem[];
  /** Height of all rows, in CSS pixels. */
  total: number;
  /** Scrolls as little as shows the row. */
  reveal(row: number): void;
}

const OVERSCAN = 6;

/**
 * Which rows of equal height are in sight below a sticky header.
 * @param kept a row that stays in the page wherever it is, so that it does not lose the focus
 * @param onFirst called when scrolling has come to rest
 */
export function useVirtualRows(
  rows: number,
  rowHeight: number,
  headHeight: number,
  kept: number,
  first: number,
  onFirst: (row: number) => void,
): VirtualRows {
  const scroller = useRef<HTMLDivElement>(null);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const told = useRef(first);
  const tell = useRef(onFirst);
  tell.current = onFirst;
  const rangeExtractor = useCallback(
    (range: Parameters<typeof defaultRangeExtractor>[0]) => {
      const indices = defaultRangeExtractor(range);
      if (kept < range.count && !indices.includes(kept)) indices.push(kept);
      return indices.sort((a, b) => a - b);
    },
    [kept],
  );
  const options = {
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    scrollMargin: headHeight,
    initialOffset: first * rowHeight,
    overscan: OVERSCAN,
    rangeExtractor,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    onChange: (_: unknown, scrolling: boolean) => {
      redraw(undefined);
      if (scrolling || !scroller.current) return;
      const now = Math.round(scroller.current.scrollTop / rowHeight);
      if (now === told.current) return;
      told.current = now;
      tell.current(now);
    },
  };
  const instance = useRef<Virtualizer<HTMLDivElement, HTMLElement> | null>(null);
  instance.current ??= new Virtualizer(options);
  const virtualizer = instance.current;
  virtualizer.setOptions(options);
  // Before the virtualizer asks the element where it stands, which else is at the top.
  useLayoutEffect(() => {
    if (scroller.current) scroller.current.scrollTop = told.current * rowHeight;
  }, []);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  useLayoutEffect(() => {
    if (first === told.current || !scroller.current) return;
    told.current = first;
    scroller.current.scrollTop = first * rowHeight;
  }, [first, rowHeight]);

  const reveal = useCallback(
    (row: number) => {
      const element = scroller.current;
      if (!element) return;
      const top = row * rowHeight;
      const bottom = top + rowHeight - (element.clientHeight - headHeight);
      if (element.scrollTop > top) element.scrollTop = top;
      else if (element.scrollTop < bottom) element.scrollTop = bottom;
    },
    [rowHeight, headHeight],
  );
  return { scroller, items: virtualizer.getVirtualItems(), total: rows * rowHeight, reveal };
}
