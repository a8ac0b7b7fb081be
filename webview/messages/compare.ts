import * as v from 'valibot';
import type { ComparePageState, FromCompare, ToCompare } from '../../server/protocol/messages/review-view';
import type { ReportComparison } from '../../server/protocol/report/review';
import { failure, finite, list, parser, rate, share, text, whole, type Holds, type Same } from './parts';
import { exportMessage } from './report';
import { defenseReport, findingId, gate, gateId } from './report-value';

/** What passes between the page of a comparison and its panel is checked where it arrives. All throw a TypeError that names the place. */

const MOST_ENTRIES = 10_000;
const MOST_UNITS = 1_000_000;
const MOST_CLASSES = 100_000;
const MOST_SETTING_VALUES = 200_000;
const SETTING_DEPTH = 6;

/** JSON of a size and depth that a page can write out. */
function isPlain(value: unknown, depth = SETTING_DEPTH, room = { left: MOST_SETTING_VALUES }): boolean {
  if (--room.left < 0) return false;
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string') return value.length <= 65_536;
  if (typeof value !== 'object' || depth === 0 || ArrayBuffer.isView(value)) return false;
  return Object.values(value).every((inner) => isPlain(inner, depth - 1, room));
}
const setting = v.pipe(
  v.unknown(),
  v.check((value) => isPlain(value), 'a value that is not a setting'),
);

const units = list(whole(MOST_UNITS - 1), MOST_UNITS);
const classes = list(whole(MOST_CLASSES - 1), MOST_CLASSES);
const nullableText = v.nullable(text);
const comparison = v.object({
  base: v.nullable(defenseReport),
  head: v.nullable(defenseReport),
  sentence: text,
  direction: v.picklist(['better', 'worse', 'mixed', 'same', 'not comparable']),
  caveats: list(text, MOST_ENTRIES),
  figures: list(
    v.object({
      figure: v.picklist(['cleanAccuracy', 'attackSuccessRate', 'robustAccuracy']),
      stage: v.picklist(['before', 'after']),
      base: v.nullable(rate),
      head: v.nullable(rate),
      delta: v.nullable(finite),
      pValue: v.nullable(share),
      change: v.picklist(['better', 'worse', 'noise', 'same', 'unknown']),
    }),
    100,
  ),
  gates: list(
    v.object({
      id: gateId,
      base: v.nullable(gate),
      head: v.nullable(gate),
      limit: v.picklist(['same', 'loosened', 'tightened', 'added', 'removed']),
    }),
    100,
  ),
  findings: list(
    v.object({
      id: findingId,
      change: v.picklist(['added', 'removed', 'kept', 'reworded']),
      base: nullableText,
      head: nullableText,
    }),
    2 * MOST_ENTRIES,
  ),
  units: v.object({
    layer: v.object({ base: nullableText, head: nullableText }),
    both: units,
    onlyBase: units,
    onlyHead: units,
  }),
  settings: list(v.object({ path: text, base: setting, head: setting }), MOST_ENTRIES),
  scans: v.optional(
    list(
      v.object({
        model: v.picklist(['input', 'defended']),
        base: v.nullable(classes),
        head: v.nullable(classes),
        added: classes,
        removed: classes,
      }),
      2,
    ),
  ),
});
export type ComparisonHolds = Holds<Same<v.InferOutput<typeof comparison>, ReportComparison>>;

const side = v.nullable(v.object({ uri: text, label: text }));
const comparePageState = v.object({ version: v.literal(1), base: side, head: side });
export type ComparePageStateHolds = Holds<Same<v.InferOutput<typeof comparePageState>, ComparePageState>>;

const common = { state: comparePageState, name: text, labels: v.object({ base: text, head: text }) };
const toCompare = v.variant('type', [
  v.object({ type: v.literal('comparison'), ...common, comparison }),
  v.object({ type: v.literal('broken'), ...common, failure, side: v.nullable(v.picklist(['base', 'head'])) }),
  v.object({ type: v.literal('told'), message: text, failed: v.boolean() }),
]);
export type ToCompareHolds = Holds<Same<v.InferOutput<typeof toCompare>, ToCompare>>;

const fromCompare = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('open'), side: v.picklist(['base', 'head']) }),
  v.object({ type: v.literal('command'), command: v.picklist(['text-diff', 'show-log']) }),
  exportMessage,
  v.object({ type: v.literal('fault'), message: text }),
]);
export type FromCompareHolds = Holds<Same<v.InferOutput<typeof fromCompare>, FromCompare>>;

export const parseToCompare = parser<ToCompare>('a message to the comparison', toCompare);
export const parseFromCompare = parser<FromCompare>('a message from the comparison', fromCompare);
export const parseComparePageState = parser<ComparePageState>("the comparison page's state", comparePageState);
