import { addDecision, readReview, type DecisionFields } from '../../../../../server/engine/report/review/review';
import { FinePruneError } from '../../../../../server/protocol/errors';
import type { IssueId } from '../../../../../server/protocol/report/review';
import { exampleReport } from '../../../../fixtures/example-report';

export const ANN: Omit<DecisionFields, 'finding'> = {
  reason: 'Accepted for the demo.',
  author: 'Ann <ann@example.org>',
  date: '2026-03-01',
};

export const accept = (
  text: string | null,
  finding: IssueId,
  more: Partial<DecisionFields> = {},
  report = exampleReport(),
): string => addDecision(text, report, { ...ANN, finding, ...more });

export const read = (text: string) => readReview(text, 'x.defense-review.json');

export const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof FinePruneError) return error.code;
    throw error;
  }
  return 'none';
};
