import * as v from 'valibot';
import type { FromInspector, InspectorState, ToInspector } from '../../server/protocol/messages/inspector-view';
import { answer, modelState } from './answers';
import {
  MOST_UNITS,
  areUnits,
  bytes,
  failure,
  int32,
  list,
  parser,
  share,
  text,
  unit,
  unitCount,
  whole,
  type Holds,
  type Same,
} from './parts';

/** What passes between the inspector's page and its panel is checked where it arrives. All throw a TypeError that names the place. */

const MOST_EXPORT_BYTES = 256 * 1024 * 1024;

const id = whole();

const toInspector = v.variant('type', [
  v.object({
    type: v.literal('init'),
    configUri: text,
    name: text,
    trusted: v.boolean(),
    reveal: v.nullable(v.object({ layer: v.optional(text), unit: v.optional(unit) })),
  }),
  v.object({ type: v.literal('answer'), id, answer }),
  v.object({ type: v.literal('refused'), id, failure }),
  v.object({ type: v.literal('progress'), id, title: text, overall: share }),
  v.object({ type: v.literal('changed') }),
  v.object({ type: v.literal('reveal'), layer: v.optional(text), unit: v.optional(unit) }),
  v.object({ type: v.literal('engine-ended'), failure }),
  v.object({ type: v.literal('trusted') }),
  v.object({ type: v.literal('told'), message: text, failed: v.boolean() }),
]);
export type ToInspectorHolds = Holds<Same<v.InferOutput<typeof toInspector>, ToInspector>>;

/** Of a layer, in a state of the model that the page has seen. */
const place = { fingerprint: text, layer: text, state: modelState };
const query = v.variant('kind', [
  v.object({ kind: v.literal('open'), search: v.optional(v.literal(false)) }),
  v.object({ kind: v.literal('layer'), ...place }),
  v.object({ kind: v.literal('limit'), ...place }),
  v.object({ kind: v.literal('unit'), ...place, unit }),
  v.object({
    kind: v.literal('mask'),
    ...place,
    units: v.pipe(
      int32(MOST_UNITS),
      v.check((units) => areUnits(units), 'units that do not ascend'),
    ),
    scope: v.picklist(['quick', 'full']),
  }),
  v.object({ kind: v.literal('examples'), fingerprint: text, count: whole(1024) }),
  v.object({ kind: v.literal('scan'), fingerprint: text }),
]);

const ownMask = v.pipe(
  list(unit, MOST_UNITS),
  v.check((units) => areUnits(units), 'units that do not ascend'),
);

const fromInspector = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('query'), id, query }),
  v.object({ type: v.literal('cancel'), id }),
  v.pipe(
    v.object({ type: v.literal('use-ratio'), layer: text, count: unitCount, units: unitCount }),
    v.check(({ count, units }) => count <= units, 'more units pruned than there are'),
  ),
  v.object({ type: v.literal('prune-units'), layer: text, units: ownMask }),
  v.object({
    type: v.literal('export'),
    // Names of layers are part of it; the panel makes a file's name of it.
    name: v.pipe(v.string(), v.minLength(1), v.maxLength(1000)),
    format: v.picklist(['svg', 'png', 'csv']),
    content: bytes(MOST_EXPORT_BYTES),
  }),
  v.object({
    type: v.literal('command'),
    command: v.picklist(['show-log', 'open-config', 'open-report', 'run', 'scan', 'open-scan', 'manage-trust']),
  }),
  v.object({ type: v.literal('fault'), message: text }),
]);
export type FromInspectorHolds = Holds<Same<v.InferOutput<typeof fromInspector>, FromInspector>>;

const inspectorState = v.object({
  version: v.literal(1),
  configUri: text,
  layer: v.nullable(text),
  state: modelState,
  unit: v.nullable(unit),
  sort: v.object({ by: v.picklist(['index', 'clean', 'triggered', 'difference', 'order']), descending: v.boolean() }),
  count: v.nullable(unitCount),
  selected: ownMask,
  row: whole(),
});
export type InspectorStateHolds = Holds<Same<v.InferOutput<typeof inspectorState>, InspectorState>>;

export const parseToInspector = parser<ToInspector>('a message to the inspector', toInspector);
export const parseFromInspector = parser<FromInspector>('a message from the inspector', fromInspector);
export const parseInspectorState = parser<InspectorState>("the inspector's state", inspectorState);
