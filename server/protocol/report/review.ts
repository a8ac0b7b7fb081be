import * as v from 'valibot';
import { list, object, said, text } from '../shape/shape';
import { FindingId, Severity } from './judgement';
import type { DefenseReport } from './report';

export const IssueId = said(
  v.picklist([...FindingId.options, 'gate.maxAttackSuccessRate', 'gate.maxAccuracyDrop']),
  'What a finding or a missed gate is called where decisions, SARIF and diagnostics refer to it.',
);
export type IssueId = v.InferOutput<typeof IssueId>;

/** Changes of what the base vouched for: what `fine-prune check --base` fails with, and a decision on the base can allow. */
export const TermId = said(
  v.picklist([
    'policy.gateLoosened',
    'policy.triggerChanged',
    'policy.testChanged',
    'policy.splitChanged',
    'policy.modelUncovered',
    'policy.successorUncovered',
    'policy.severalSuccessors',
    'policy.baseUnreadable',
    'policy.policyRemoved',
    'policy.requirementDropped',
    'report.deleted',
    'report.removed',
    'models.uncovered',
  ]),
  'What `check --base` calls a change of the terms that the base set.',
);
export type TermId = v.InferOutput<typeof TermId>;

const someText = (most: number) =>
  v.pipe(
    v.string(),
    v.minLength(1, 'is empty; a text was expected'),
    v.maxLength(most, ({ input }) => `has ${input.length} characters; at most ${most} were expected`),
  );
const day = v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}$/, 'is not a day as YYYY-MM-DD'));

const Fingerprint = v.pipe(v.string(), v.regex(/^[0-9a-f]{16}$/, 'is not a fingerprint of 16 hexadecimal digits'));

export const Decision = said(
  object({
    finding: said(
      v.picklist([...IssueId.options, ...TermId.options]),
      "The finding's id; `gate.` and the gate's id; or what `check --base` calls a change that this decision allows.",
    ),
    decision: said(v.literal('accept'), '`accept`: known, and not a reason to hold back.'),
    reason: said(someText(1000), 'Why, in one sentence.'),
    author: said(someText(300), 'Who decided, as git names people: `Name <mail>`.'),
    date: said(day, 'Day of the decision, YYYY-MM-DD.'),
    expires: v.optional(
      said(day, 'Last day on which it counts, YYYY-MM-DD. Left out: for as long as the finding stays the same.'),
    ),
    fingerprint: said(
      Fingerprint,
      'Fingerprint of what was accepted: it covers the finding, its figures and the model. When any of them changes, the decision is stale and no longer counts.',
    ),
  }),
  'A reviewer accepts a finding, or a missed gate, with a reason.',
);
export type Decision = v.InferOutput<typeof Decision>;

/** Decisions of one file: some for each finding that a report may have. */
export const MOST_DECISIONS = 5_000;

export const DefenseReview = said(
  object({
    $schema: v.optional(said(v.string(), 'JSON schema of this file; editors fill it in.')),
    schemaVersion: said(v.picklist([2, 1]), 'Version of this format. 1 is still read.'),
    decisions: list(Decision, MOST_DECISIONS),
  }),
  'Decisions of reviewers about one report. One decision per line, so that two branches that each add one never conflict inside a line.',
);
export type DefenseReview = v.InferOutput<typeof DefenseReview>;

/** A finding or missed gate of a report with what was decided about it. */
export const ReviewedIssue = v.object({
  id: IssueId,
  severity: Severity,
  /** One sentence with the figures. */
  message: text,
  fingerprint: Fingerprint,
  /** JSON pointer into the report: `/gates/0`, `/findings/2`. */
  pointer: text,
  /** `accepted`: a decision counts. `expired` and `stale`: one was made that counts no more. */
  status: v.picklist(['open', 'accepted', 'expired', 'stale']),
  /** The decision that `status` speaks of. */
  decision: v.nullable(Decision),
});
export type ReviewedIssue = v.InferOutput<typeof ReviewedIssue>;

/** What a pass of `fine-prune check` rests on, from weak to strong. */
export type CheckLevel = 'consistent' | 'measured' | 'reproduced';

/** One thing that `check` looked at. */
export interface CheckResult {
  /** Stable word, such as `figures.disagree`; see docs/review.md. */
  id: string;
  /** `fail` fails the check; `warn` is only reported; `pass` is listed with `--verbose`. */
  outcome: 'pass' | 'warn' | 'fail';
  /** One sentence with the figures. */
  message: string;
  /** JSON pointer into the report, when it is about a place there. */
  pointer?: string;
  /** What a decision on the base has to name so that it allows this change, 16 hexadecimal digits; only of changes that one can allow. */
  fingerprint?: string;
  /** Path, from the repository's root, of the file that it is about, where that is no report. */
  file?: string;
}

/** What `fine-prune check` found out about one report. */
export interface CheckedReport {
  /** Path as given, or relative to the working folder. */
  file: string;
  passed: boolean;
  /** What was verified; null when not even the report could be read. */
  level: CheckLevel | null;
  report: DefenseReport | null;
  results: CheckResult[];
  /** Missed gates and findings with the decisions that count: those of the base revision or of the policy. */
  issues: ReviewedIssue[];
  /** Where gates and decisions were taken from. */
  policy: { source: 'base' | 'file' | 'worktree'; ref: string | null };
}
