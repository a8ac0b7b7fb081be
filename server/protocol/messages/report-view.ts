import * as v from 'valibot';
import { Failure } from '../errors';
import { DefenseReport } from '../report/report';
import { IssueId, ReviewedIssue } from '../report/review';
import { RunSetting } from '../report/run-settings';
import { list, MOST_ENTRIES, MOST_NAMED_UNITS, shortText, whole } from '../shape/shape';
import { ExportMessage, parser, unit } from './parts';

/**
 * Messages between the page of a rendered report and its editor (client/panels). Both ends check what comes in; what is refused throws
 * a TypeError that names the place.
 */

/** A report with what is known beside it. */
export const ReportView = v.object({
  report: DefenseReport,
  /** Missed gates and findings, with what was decided about them. */
  issues: list(ReviewedIssue, MOST_ENTRIES),
  /** What has changed since it was written; null where that can't be known. */
  changed: v.nullable(list(shortText, 1000)),
  /** Settings that its run had and the config beside it has not; absent where there are none, and where that can't be known. */
  settings: v.optional(list(RunSetting, 1000)),
});
export type ReportView = v.InferOutput<typeof ReportView>;

/** Editor → page. */
export const ToReport = v.variant('type', [
  /** Sent after `ready` and after every change of the text. `local`: whether the text is a file here, so that decisions and inspection are possible. */
  v.object({ type: v.literal('view'), name: shortText, view: ReportView, local: v.boolean(), trusted: v.boolean() }),
  /** The text is no report, at the moment or at all. */
  v.object({ type: v.literal('broken'), name: shortText, failure: Failure }),
  v.object({ type: v.literal('told'), message: shortText, failed: v.boolean() }),
]);
export type ToReport = v.InferOutput<typeof ToReport>;

/** Page → editor. */
export const FromReport = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('inspect'), layer: shortText, unit: v.optional(unit) }),
  v.object({ type: v.literal('accept'), issue: IssueId }),
  v.object({
    type: v.literal('command'),
    command: v.picklist(['open-text', 'open-config', 'compare', 'run', 'show-log']),
  }),
  ExportMessage,
  v.object({ type: v.literal('fault'), message: shortText }),
]);
export type FromReport = v.InferOutput<typeof FromReport>;

/** Kept by the page, so that hiding it loses nothing. */
export const ReportPageState = v.object({
  version: v.literal(1),
  /** Sections that are unfolded. */
  open: list(shortText, 100),
  scroll: whole(MOST_NAMED_UNITS * 100),
});
export type ReportPageState = v.InferOutput<typeof ReportPageState>;

export const parseToReport = parser<ToReport>('a message to the report', ToReport);
export const parseFromReport = parser<FromReport>('a message from the report', FromReport);
export const parseReportPageState = parser<ReportPageState>("the report page's state", ReportPageState);
