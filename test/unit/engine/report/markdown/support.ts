import { addDecision, readReview, reviewedIssues } from '../../../../../server/engine/report/review/review';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import type { ReviewedIssue } from '../../../../../server/protocol/report/review';

/** The issues of a report, two of them accepted until the end of 2026. */
export function issuesOf(
  report: DefenseReport,
  reason = 'Accepted for the demo.',
  author = 'Ann <ann@example.org>',
): ReviewedIssue[] {
  const decided = (text: string | null, finding: ReviewedIssue['id']): string =>
    addDecision(text, report, { finding, reason: 'x', author: 'y', date: '2026-03-01', expires: '2026-12-31' });
  const review = readReview(decided(decided(null, 'pruned-all-dead'), 'gate.maxAttackSuccessRate'), 'x');
  for (const decision of review.decisions) Object.assign(decision, { reason, author });
  return reviewedIssues(report, review, '2026-06-01');
}
