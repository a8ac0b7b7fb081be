import { useEffect, useRef, useState } from 'preact/hooks';
import type { FromReport, ReportPageState, ToReport } from '../../server/protocol/messages/report-view';
import type { Host } from '../ui/host';

const SCROLL_REST_MS = 200;
const FIRST_STATE: ReportPageState = { version: 1, open: ['confusion', 'per-class'], scroll: 0 };

/** What of the page outlives it: which sections are unfolded, and how far it is scrolled. */
export interface KeptState {
  /** As it was last drawn. */
  state: ReportPageState;
  setOpen(section: string, open: boolean): void;
}

/** @param drawn whether there is something to scroll */
export function useKeptState(host: Host<ToReport, FromReport, ReportPageState>, drawn: boolean): KeptState {
  const [state, setState] = useState<ReportPageState>(() => host.state.get() ?? FIRST_STATE);
  const latest = useRef(state);

  const keep = (change: Partial<ReportPageState>): void => {
    latest.current = { ...latest.current, ...change };
    host.state.set(latest.current);
  };

  // Where the person was, once there is something to scroll.
  useEffect(() => {
    if (!drawn) return undefined;
    const frame = requestAnimationFrame(() => window.scrollTo({ top: latest.current.scroll }));
    let resting: ReturnType<typeof setTimeout> | undefined;
    const onScroll = (): void => {
      clearTimeout(resting);
      resting = setTimeout(() => keep({ scroll: Math.max(0, Math.round(window.scrollY)) }), SCROLL_REST_MS);
    };
    window.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(resting);
      window.removeEventListener('scroll', onScroll);
    };
  }, [drawn]);

  const setOpen = (section: string, open: boolean): void => {
    if (latest.current.open.includes(section) === open) return;
    keep({ open: open ? [...latest.current.open, section] : latest.current.open.filter((one) => one !== section) });
    setState(latest.current);
  };
  return { state, setOpen };
}
