import assert from 'node:assert/strict';
import { addDecision, readReview, reviewedIssues } from '../../../../../server/engine/report/review/review';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { judged, repairedReport, setCleanAccuracy } from '../../../../fixtures/repaired-report';
import { scanOf } from '../../../../fixtures/scan-result';

describe('a missed gate on an estimated trigger', () => {
  const messageOf = (report: DefenseReport): string =>
    reviewedIssues(report, null, '2026-06-01').find(({ id }) => id === 'gate.maxAttackSuccessRate')!.message;

  it('says that estimates do not count, or what a fresh inversion has against it', () => {
    assert.match(
      messageOf(repairedReport()),
      /^Gate missed: the ASR, up to 0\.23 %, is within the limit of 5 %, but the trigger is only estimated, which counts only with "acceptEstimated": true\.$/,
    );
    const suspicious = judged(
      repairedReport('known', (r) => void (r.proof!.scan = scanOf([5.1, 84, 61, 72, 79, 63, 77, 75, 103, 88]))),
    );
    assert.match(messageOf(suspicious), /but a fresh scan of the repaired model still finds class 0 suspicious\.$/);
    const lost = judged(repairedReport('known', (r) => setCleanAccuracy(r, 'after', 9000)));
    assert.ok(!lost.gates[1]!.met && lost.gates[0]!.met);
  });

  it('is open again when another scan gives other figures', () => {
    const report = repairedReport();
    const review = readReview(
      addDecision(null, report, { finding: 'gate.maxAttackSuccessRate', reason: 'x', author: 'y', date: '2026-03-01' }),
      'x',
    );
    assert.equal(reviewedIssues(report, review, '2026-06-01')[0]!.status, 'accepted');
    report.gates[0]!.judged = 0.003;
    assert.equal(reviewedIssues(report, review, '2026-06-01')[0]!.status, 'stale');
  });
});
