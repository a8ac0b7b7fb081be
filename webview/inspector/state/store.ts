import { createContext } from 'preact';
import { useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { Failure } from '../../../server/protocol/errors';
import type {
  ExamplesData,
  LayerData,
  MaskData,
  ModelState,
  Overview,
  ScanData,
  UnitData,
} from '../../../server/protocol/messages/inspect';
import type { Busy } from './asks';
import { FIRST_CHOICE, type Choice } from './choice';
import type { HeldOutLimit } from './plan';

/** What is asked for apart from the rest, and may fail apart from it. */
export type Part = BusyPart | 'planned';
/** Parts that say that they are being worked on. */
export type BusyPart = 'main' | 'unit' | 'mask' | 'examples' | 'scan';

/** Everything that the page shows. */
export interface View {
  /** Null until the panel has said what this page is about. */
  init: { configUri: string; name: string; trusted: boolean } | null;
  overview: Overview | null;
  /** Layer and state that are being analysed, to be shown next. */
  wanted: { layer: string; state: ModelState } | null;
  layer: LayerData | null;
  /** Undefined until it is known. */
  limit: HeldOutLimit | undefined;
  unit: UnitData | null;
  mask: MaskData | null;
  /** What pruning exactly the units of the config's plan does, where the curve can't say; `data` is null while it is measured. */
  planned: { units: readonly number[]; data: MaskData | null } | null;
  /** A mask that rests on a subset is being measured on all images. */
  refining: Busy | null;
  examples: ExamplesData | null;
  /** Undefined until it is known whether there is a scan; null where there is none. */
  scan: ScanData['found'] | undefined;
  /** What is being worked on, by what it will change. */
  busy: Readonly<Record<BusyPart, Busy | null>>;
  /** What could not be answered, by what it would have changed. */
  failed: Readonly<Record<Part, Failure | null>>;
  notice: Notice | null;
  /** Last outcome of a button that writes a file. */
  told: { message: string; failed: boolean } | null;
  /** Grows with each link that leads to a unit: that unit then gets the focus. */
  arrivals: number;
  choice: Choice;
}

export type Notice = { kind: 'changed' } | { kind: 'ended'; failure: Failure } | { kind: 'back' };

const NONE = { main: null, unit: null, mask: null, examples: null, scan: null };

export const EMPTY: View = {
  init: null,
  overview: null,
  wanted: null,
  layer: null,
  limit: undefined,
  unit: null,
  mask: null,
  planned: null,
  refining: null,
  examples: null,
  scan: undefined,
  busy: NONE,
  failed: { ...NONE, planned: null },
  notice: null,
  told: null,
  arrivals: 0,
  choice: FIRST_CHOICE,
};

/** A value that components look at in parts: each is drawn again only when its own part has changed. */
export class Store {
  private readonly hearers = new Set<() => void>();
  private view: View = EMPTY;

  get(): View {
    return this.view;
  }

  set(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    for (const hear of [...this.hearers]) hear();
  }

  choose(change: Partial<Choice>): void {
    this.set({ choice: { ...this.view.choice, ...change } });
  }

  busy(part: BusyPart, busy: Busy | null): void {
    if (this.view.busy[part] !== busy) this.set({ busy: { ...this.view.busy, [part]: busy } });
  }

  fail(part: Part, failure: Failure | null): void {
    if (this.view.failed[part] !== failure) this.set({ failed: { ...this.view.failed, [part]: failure } });
  }

  listen(hear: () => void): () => void {
    this.hearers.add(hear);
    return () => this.hearers.delete(hear);
  }
}

export const StoreContext = createContext<Store>(new Store());

/** A part of the view; `part` gives the same value (by ===) for as long as nothing has to be drawn. */
export function useView<T>(part: (view: View) => T): T {
  const store = useContext(StoreContext);
  const [, redraw] = useState(0);
  const shown = useRef<T>(undefined as T);
  const partNow = useRef(part);
  partNow.current = part;
  shown.current = part(store.get());
  useEffect(() => {
    const look = (): void => {
      if (partNow.current(store.get()) !== shown.current) redraw((turn) => turn + 1);
    };
    // What changed between drawing and listening.
    look();
    return store.listen(look);
  }, [store]);
  return shown.current;
}
