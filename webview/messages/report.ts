import * as v from 'valibot';
import type { ReportPageState, FromReport, ToReport } from '../../server/protocol/messages/review-view';
import type { IssueId, ReviewedIssue } from '../../server/protocol/report/review';
import type { RunSetting } from '../../server/protocol/report/run-settings';
import { MOST_UNITS, bytes, failure, list, parser, text, unit, whole, type Holds, type Same } from './parts';
import { defenseReport, findingId, gateId, severity } from './report-value';

/** What passes between the page of a rendered report and its editor is checked where it arrives. All throw a TypeError that names the place. */

const MOST_EXPORT_BYTES = 256 * 1024 * 1024;
const MOST_ISSUES = 10_000;

export const exportMessage = v.object({
  type: v.literal('export'),
  // Names of layers are part of it; the panel makes a file's name of it.
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(1000)),
  format: v.picklist(['svg', 'png', 'csv']),
  content: bytes(MOST_EXPORT_BYTES),
});

const issueId = v.union([findingId, v.picklist(gateId.options.map((id) => `gate.${id}` as const))]);
export type IssueIdHolds = Holds<Same<v.InferOutput<typeof issueId>, IssueId>>;

const day = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}$/));
const fingerprint = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/));
const decision = v.object({
  finding: issueId,
  decision: v.literal('accept'),
  reason: text,
  author: text,
  date: day,
  expires: v.optional(day),
  fingerprint,
});
const issue = v.object({
  id: issueId,
  severity,
  message: text,
  fingerprint,
  pointer: text,
  status: v.picklist(['open', 'accepted', 'expired', 'stale']),
  decision: v.nullable(decision),
});
export type IssueHolds = Holds<Same<v.InferOutput<typeof issue>, ReviewedIssue>>;

const runSetting = v.object({ path: text, run: text, config: text, option: v.nullable(text) });
export type RunSettingHolds = Holds<Same<v.InferOutput<typeof runSetting>, RunSetting>>;

const toReport = v.variant('type', [
  v.object({
    type: v.literal('view'),
    name: text,
    view: v.object({
      report: defenseReport,
      issues: list(issue, MOST_ISSUES),
      changed: v.nullable(list(text, 1000)),
      settings: v.optional(list(runSetting, 1000)),
    }),
    local: v.boolean(),
    trusted: v.boolean(),
  }),
  v.object({ type: v.literal('broken'), name: text, failure }),
  v.object({ type: v.literal('told'), message: text, failed: v.boolean() }),
]);
export type ToReportHolds = Holds<Same<v.InferOutput<typeof toReport>, ToReport>>;

const fromReport = v.variant('type', [
  v.object({ type: v.literal('ready') }),
  v.object({ type: v.literal('inspect'), layer: text, unit: v.optional(unit) }),
  v.object({ type: v.literal('accept'), issue: issueId }),
  v.object({
    type: v.literal('command'),
    command: v.picklist(['open-text', 'open-config', 'compare', 'run', 'show-log']),
  }),
  exportMessage,
  v.object({ type: v.literal('fault'), message: text }),
]);
export type FromReportHolds = Holds<Same<v.InferOutput<typeof fromReport>, FromReport>>;

const reportPageState = v.object({ version: v.literal(1), open: list(text, 100), scroll: whole(MOST_UNITS * 100) });
export type ReportPageStateHolds = Holds<Same<v.InferOutput<typeof reportPageState>, ReportPageState>>;

export const parseToReport = parser<ToReport>('a message to the report', toReport);
export const parseFromReport = parser<FromReport>('a message from the report', fromReport);
export const parseReportPageState = parser<ReportPageState>("the report page's state", reportPageState);
