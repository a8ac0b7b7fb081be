import * as v from 'valibot';
import { Failure } from '../errors';
import { ReportComparison } from '../report/comparison';
import { shortText } from '../shape/shape';
import { ExportMessage, parser } from './parts';

/**
 * Messages between the page of a comparison and its panel (client/panels). Both ends check what comes in; what is refused throws a
 * TypeError that names the place.
 */

/** One side of a comparison, as it can be read again. */
export const ComparedSide = v.object({
  /** URI of any scheme. */
  uri: shortText,
  /** What people call it: `HEAD`, `working tree`, a path. */
  label: shortText,
});
export type ComparedSide = v.InferOutput<typeof ComparedSide>;

/** Kept by the page, so that a comparison comes back when the window is loaded again. */
export const ComparePageState = v.object({
  version: v.literal(1),
  base: v.nullable(ComparedSide),
  head: v.nullable(ComparedSide),
});
export type ComparePageState = v.InferOutput<typeof ComparePageState>;

/** `state` is for the page to keep. */
const common = { state: ComparePageState, name: shortText, labels: v.object({ base: shortText, head: shortText }) };

/** Panel → page. */
export const ToCompare = v.variant('type', [
  v.object({ type: v.literal('comparison'), ...common, comparison: ReportComparison }),
  v.object({
    type: v.literal('broken'),
    ...common,
    failure: Failure,
    side: v.nullable(v.picklist(['base', 'head'])),
  }),
  v.object({ type: v.literal('told'), message: shortText, failed: v.boolean() }),
]);
export type ToCompare = v.InferOutput<typeof ToCompare>;

/** Page → panel. */
export const FromCompare = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('open'), side: v.picklist(['base', 'head']) }),
  v.object({ type: v.literal('command'), command: v.picklist(['text-diff', 'show-log']) }),
  ExportMessage,
  v.object({ type: v.literal('fault'), message: shortText }),
]);
export type FromCompare = v.InferOutput<typeof FromCompare>;

export const parseToCompare = parser<ToCompare>('a message to the comparison', ToCompare);
export const parseFromCompare = parser<FromCompare>('a message from the comparison', FromCompare);
export const parseComparePageState = parser<ComparePageState>("the comparison page's state", ComparePageState);
