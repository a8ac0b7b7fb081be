import type { Failure } from '../errors';
import type { InspectAnswer, InspectQuery, ModelState } from './inspect';

/** Messages between the inspector's page and the panel that hosts it (client/panels). Both ends validate what comes in. */

/** What the page keeps with `setState`, so that hiding and reloading the window lose nothing; all else is asked for again. */
export interface InspectorState {
  version: 1;
  configUri: string;
  layer: string | null;
  state: ModelState;
  /** Unit that is looked at. */
  unit: number | null;
  sort: { by: InspectorSort; descending: boolean };
  /** Number of pruned units that the slider stands at; null: as the config says. */
  count: number | null;
  /** Own mask: selected units, ascending. */
  selected: number[];
  /** First visible row of the grid. */
  row: number;
}

export type InspectorSort = 'index' | 'clean' | 'triggered' | 'difference' | 'order';

/** Panel → page. */
export type ToInspector =
  /** Answer to `ready`: what this page is about. The page then asks `open`. */
  | {
      type: 'init';
      configUri: string;
      name: string;
      trusted: boolean;
      reveal: { layer?: string; unit?: number } | null;
    }
  | { type: 'answer'; id: number; answer: InspectAnswer }
  | { type: 'refused'; id: number; failure: Failure }
  | { type: 'progress'; id: number; title: string; overall: number }
  /** Model, config, data or report may have changed: the page offers Refresh when a new `open` has another fingerprint or report. */
  | { type: 'changed' }
  /** Go to a layer and unit: a link was followed while the page was open. */
  | { type: 'reveal'; layer?: string; unit?: number }
  /** The engine ended by itself; the page says so and asks again. */
  | { type: 'engine-ended'; failure: Failure }
  | { type: 'trusted' }
  /** Outcome of `use-ratio`, `prune-units` or `export`, for the live region; `failed` when nothing was written. */
  | { type: 'told'; message: string; failed: boolean };

/** Page → panel. */
export type FromInspector =
  /** The page listens; sent once, first. */
  | { type: 'ready' }
  | { type: 'query'; id: number; query: InspectQuery }
  /** Nobody waits for this answer any more. */
  | { type: 'cancel'; id: number }
  /** Write `prune.ratio` so that exactly `count` of `units` go, and `layer` when it is not the config's. An undoable edit. */
  | { type: 'use-ratio'; layer: string; count: number; units: number }
  /** Write `prune.units`, and `layer` when it is not the config's. An undoable edit. */
  | { type: 'prune-units'; layer: string; units: number[] }
  /** Save what the page has drawn, where the person says. */
  | { type: 'export'; name: string; format: 'svg' | 'png' | 'csv'; content: Uint8Array }
  | {
      type: 'command';
      command: 'show-log' | 'open-config' | 'open-report' | 'run' | 'scan' | 'open-scan' | 'manage-trust';
    }
  /** An error that nothing caught, for the log. */
  | { type: 'fault'; message: string };
