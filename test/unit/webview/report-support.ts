import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readReport } from '../../../server/engine/report/json/read-report';
import { issueFingerprint } from '../../../server/engine/report/review/review';
import type { DefenseReport } from '../../../server/protocol/report/report';
import type { Decision, DefenseReview } from '../../../server/protocol/report/review';
import { projectRoot } from '../../harness/install';

const file = path.join(projectRoot, 'examples/mnist-badnets/mnist-badnets.defense.json');
/** The committed report, as it is read. */
export const example = (): DefenseReport => readReport(readFileSync(file, 'utf8'), file);

/** A review that accepts the first finding of a report. */
export function decisionOn(report: DefenseReport, change: Partial<Decision> = {}): DefenseReview {
  const finding = report.findings[0]!.id;
  const decision: Decision = {
    finding,
    decision: 'accept',
    reason: 'Known.',
    author: 'Ada <ada@example.org>',
    date: '2026-01-05',
    fingerprint: issueFingerprint(report, finding),
    ...change,
  };
  return { schemaVersion: 2, decisions: [decision] };
}
