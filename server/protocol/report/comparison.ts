import * as v from 'valibot';
import {
  classIndex,
  finite,
  list,
  MOST_CLASSES,
  MOST_ENTRIES,
  MOST_UNITS,
  share,
  text,
  unitIndex,
} from '../shape/shape';
import { FindingId, Gate, GateId } from './judgement';
import { Rate } from './metrics';
import { DefenseReport } from './report';

/** Two reports beside each other: what changed from base to head. */

const MOST_SETTING_VALUES = 200_000;
const SETTING_DEPTH = 6;

const units = list(unitIndex, MOST_UNITS);
const classes = list(classIndex, MOST_CLASSES);
const nullableText = v.nullable(text);
const Setting = v.pipe(
  v.unknown(),
  v.check((value) => isPlain(value), 'a value that is not a setting'),
);

/** JSON of a size and depth that a page can write out. */
function isPlain(value: unknown, depth = SETTING_DEPTH, room = { left: MOST_SETTING_VALUES }): boolean {
  if (--room.left < 0) return false;
  if (value === null || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string') return value.length <= 65_536;
  if (typeof value !== 'object' || depth === 0 || ArrayBuffer.isView(value)) return false;
  return Object.values(value).every((inner) => isPlain(inner, depth - 1, room));
}

/** What the scans of one model found in both reports. */
export const ScanChange = v.object({
  /** The model as it came, or repaired. */
  model: v.picklist(['input', 'defended']),
  /** Flagged classes, ascending; null where that report has no such scan, or one that searched nothing. */
  base: v.nullable(classes),
  head: v.nullable(classes),
  /** Classes that only the head flags, and that only the base does; empty where one of them has no scan. */
  added: classes,
  removed: classes,
});
export type ScanChange = v.InferOutput<typeof ScanChange>;

/** One figure of the defended model (`after`) or the input model (`before`) in both reports. */
export const FigureChange = v.object({
  figure: v.picklist(['cleanAccuracy', 'attackSuccessRate', 'robustAccuracy']),
  stage: v.picklist(['before', 'after']),
  base: v.nullable(Rate),
  head: v.nullable(Rate),
  /** head − base, a share; null when one is missing. */
  delta: v.nullable(finite),
  /** Fisher's exact test (two-sided) on the two counts; null when one is missing or the images differ. */
  pValue: v.nullable(share),
  /** `noise`: the p-value is at least 0.05. */
  change: v.picklist(['better', 'worse', 'noise', 'same', 'unknown']),
});
export type FigureChange = v.InferOutput<typeof FigureChange>;

export const GateChange = v.object({
  id: GateId,
  base: v.nullable(Gate),
  head: v.nullable(Gate),
  /** Whether the limit was loosened or tightened. */
  limit: v.picklist(['same', 'loosened', 'tightened', 'added', 'removed']),
});
export type GateChange = v.InferOutput<typeof GateChange>;

/** Two reports beside each other. A side is null for a report that was added or deleted. */
export const ReportComparison = v.object({
  base: v.nullable(DefenseReport),
  head: v.nullable(DefenseReport),
  /** What got better or worse, and whether that is beyond noise, with the test named. One to three sentences. */
  sentence: text,
  /** Overall direction of what was measured beyond noise, and of what the scans of the defended models flag. */
  direction: v.picklist(['better', 'worse', 'mixed', 'same', 'not comparable']),
  /** Why figures of the two may not be compared (other test set, other trigger …); empty when they may. */
  caveats: list(text, MOST_ENTRIES),
  figures: list(FigureChange, 100),
  gates: list(GateChange, 100),
  findings: list(
    v.object({
      id: FindingId,
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
  /** Settings that differ, by their path in the config, such as `fineTune.epochs`; then hashes and provenance that differ. */
  settings: list(v.object({ path: text, base: Setting, head: Setting }), MOST_ENTRIES),
  /** What scans for triggers found; absent where neither report has one. */
  scans: v.optional(list(ScanChange, 2)),
});
export type ReportComparison = v.InferOutput<typeof ReportComparison>;
