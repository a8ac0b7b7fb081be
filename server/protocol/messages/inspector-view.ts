import * as v from 'valibot';
import { Failure } from '../errors';
import { count, list, MOST_NAMED_UNITS, share, shortText } from '../shape/shape';
import { InspectAnswer, InspectQuery } from './inspect';
import { ModelState } from './inspect-layer';
import { areUnits, ExportMessage, parser, unit, unitCount } from './parts';

/**
 * Messages between the inspector's page and the panel that hosts it (client/panels). Both ends check what comes in; what is refused
 * throws a TypeError that names the place.
 */

const OwnMask = v.pipe(
  list(unit, MOST_NAMED_UNITS),
  v.check((units) => areUnits(units), 'units that do not ascend'),
);

export const InspectorSort = v.picklist(['index', 'clean', 'triggered', 'difference', 'order']);
export type InspectorSort = v.InferOutput<typeof InspectorSort>;

/** What the page keeps with `setState`, so that hiding and reloading the window lose nothing; all else is asked for again. */
export const InspectorState = v.object({
  version: v.literal(1),
  configUri: shortText,
  layer: v.nullable(shortText),
  state: ModelState,
  /** Unit that is looked at. */
  unit: v.nullable(unit),
  sort: v.object({ by: InspectorSort, descending: v.boolean() }),
  /** Number of pruned units that the slider is at; null: as the config says. */
  count: v.nullable(unitCount),
  /** Own mask: selected units, ascending. */
  selected: OwnMask,
  /** First visible row of the grid. */
  row: count,
});
export type InspectorState = v.InferOutput<typeof InspectorState>;

const id = count;
const target = { layer: v.optional(shortText), unit: v.optional(unit) };

/** Panel → page. */
export const ToInspector = v.variant('type', [
  /** Answer to `ready`: what this page is about. The page then asks `open`. */
  v.object({
    type: v.literal('init'),
    configUri: shortText,
    name: shortText,
    trusted: v.boolean(),
    reveal: v.nullable(v.object(target)),
  }),
  v.object({ type: v.literal('answer'), id, answer: InspectAnswer }),
  v.object({ type: v.literal('refused'), id, failure: Failure }),
  v.object({ type: v.literal('progress'), id, title: shortText, overall: share }),
  /** Model, config, data or report may have changed: the page offers Refresh when a new `open` has another fingerprint or report. */
  v.object({ type: v.literal('changed') }),
  /** Go to a layer and unit: a link was followed while the page was open. */
  v.object({ type: v.literal('reveal'), ...target }),
  /** The engine ended by itself; the page says so and asks again. */
  v.object({ type: v.literal('engine-ended'), failure: Failure }),
  v.object({ type: v.literal('trusted') }),
  /** Outcome of `use-ratio`, `prune-units` or `export`, for the live region; `failed` when nothing was written. */
  v.object({ type: v.literal('told'), message: shortText, failed: v.boolean() }),
]);
export type ToInspector = v.InferOutput<typeof ToInspector>;

/** Page → panel. */
export const FromInspector = v.variant('type', [
  /** The page listens; sent once, first. */
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('query'), id, query: InspectQuery }),
  /** Nobody waits for this answer any more. */
  v.object({ type: v.literal('cancel'), id }),
  /** Write `prune.ratio` so that exactly `count` of `units` go, and `layer` when it is not the config's. An undoable edit. */
  v.pipe(
    v.object({ type: v.literal('use-ratio'), layer: shortText, count: unitCount, units: unitCount }),
    v.check(({ count, units }) => count <= units, 'more units pruned than there are'),
  ),
  /** Write `prune.units`, and `layer` when it is not the config's. An undoable edit. */
  v.object({ type: v.literal('prune-units'), layer: shortText, units: OwnMask }),
  /** Save what the page has drawn, where the person says. */
  ExportMessage,
  v.object({
    type: v.literal('command'),
    command: v.picklist(['show-log', 'open-config', 'open-report', 'run', 'scan', 'open-scan', 'manage-trust']),
  }),
  /** An error that nothing caught, for the log. */
  v.object({ type: v.literal('fault'), message: shortText }),
]);
export type FromInspector = v.InferOutput<typeof FromInspector>;

export const parseToInspector = parser<ToInspector>('a message to the inspector', ToInspector);
export const parseFromInspector = parser<FromInspector>('a message from the inspector', FromInspector);
export const parseInspectorState = parser<InspectorState>("the inspector's state", InspectorState);
