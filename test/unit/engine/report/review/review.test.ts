import assert from 'node:assert/strict';
import { issueFingerprint, reviewedIssues } from '../../../../../server/engine/report/review/review';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import type { IssueId } from '../../../../../server/protocol/report/review';
import { exampleReport } from '../../../../fixtures/example-report';
import { ANN, accept, read, codeOf } from './support';

describe('a decision', () => {
  const status = (report: DefenseReport, text: string, today = '2026-06-01'): Record<string, string> =>
    Object.fromEntries(reviewedIssues(report, read(text), today).map((issue) => [issue.id, issue.status]));

  it('is shown at its issue: missed gates first, then findings in their order', () => {
    const text = accept(accept(null, 'pruned-all-dead'), 'gate.maxAttackSuccessRate');
    const issues = reviewedIssues(exampleReport(), read(text), '2026-06-01');
    assert.deepEqual(
      issues.map(({ id, severity, status: s, pointer }) => [id, severity, s, pointer]),
      [
        ['gate.maxAttackSuccessRate', 'error', 'accepted', '/gates/0'],
        ['pruned-all-dead', 'warning', 'accepted', '/findings/0'],
        ['fine-tuning-did-the-work', 'warning', 'open', '/findings/1'],
        ['analysis-on-test-set', 'information', 'open', '/findings/2'],
      ],
    );
    assert.equal(
      issues[0]?.message,
      'Gate missed: the ASR is 91.6 %, judged by the upper bound of its 95 % interval, 92.1 %; the limit is 5 %.',
    );
    assert.equal(issues[0]?.decision?.author, ANN.author);
    assert.deepEqual(
      reviewedIssues(exampleReport(), null, '2026-06-01').map((issue) => issue.status),
      ['open', 'open', 'open', 'open'],
    );
  });

  it('counts up to and with its last day', () => {
    const text = accept(null, 'pruned-all-dead', { expires: '2026-06-01' });
    assert.deepEqual(
      ['2026-05-31', '2026-06-01', '2026-06-02'].map((day) => status(exampleReport(), text, day)['pruned-all-dead']),
      ['accepted', 'accepted', 'expired'],
    );
  });

  const stale: [string, IssueId, (r: DefenseReport) => void][] = [
    [
      'a figure of the finding changes',
      'pruned-all-dead',
      (r) => void (r.findings[0]!.message = r.findings[0]!.message.replace('32 of', '33 of')),
    ],
    ['the gate is loosened', 'gate.maxAttackSuccessRate', (r) => void (r.gates[0]!.limit = 0.5)],
    ['what was measured at the gate changes', 'gate.maxAttackSuccessRate', (r) => void (r.gates[0]!.measured = 0.93)],
    ["the model's weights change", 'pruned-all-dead', (r) => void (r.model.before.weights = '0'.repeat(64))],
    [
      'the trigger changes',
      'pruned-all-dead',
      (r) => void Object.assign(r.provenance.config.trigger!, { size: [5, 5] }),
    ],
    ['the test images change', 'pruned-all-dead', (r) => void (r.data.files[2]!.sha256 = '0'.repeat(64))],
  ];
  for (const [what, finding, change] of stale) {
    it(`is stale when ${what}`, () => {
      assert.equal(status(exampleReport(change), accept(null, finding))[finding], 'stale');
    });
  }

  it('holds when something else changes', () => {
    const text = accept(null, 'pruned-all-dead');
    const other = exampleReport((r) => {
      r.provenance.threads = 4;
      r.data.files[0]!.sha256 = '0'.repeat(64);
      r.findings.splice(1, 1);
    });
    assert.equal(status(other, text)['pruned-all-dead'], 'accepted');
  });

  it('that counts goes before others about the same finding', () => {
    const lines = [
      accept(null, 'pruned-all-dead', { expires: '2026-03-02', reason: 'old' }),
      accept(null, 'pruned-all-dead', { reason: 'new' }),
    ].map((text) => text.split('\n')[3]!.trim());
    const both = `{"schemaVersion": 1, "decisions": [${lines.join(',')}]}`;
    const [, issue] = reviewedIssues(exampleReport(), read(both), '2026-06-01');
    assert.deepEqual([issue?.status, issue?.decision?.reason], ['accepted', 'new']);
  });

  it('has a fingerprint of 16 hexadecimal digits that is the same every time, and none without an issue', () => {
    assert.match(issueFingerprint(exampleReport(), 'pruned-all-dead'), /^[0-9a-f]{16}$/);
    assert.equal(
      issueFingerprint(exampleReport(), 'pruned-all-dead'),
      issueFingerprint(exampleReport(), 'pruned-all-dead'),
    );
    assert.notEqual(
      issueFingerprint(exampleReport(), 'pruned-all-dead'),
      issueFingerprint(exampleReport(), 'analysis-on-test-set'),
    );
    assert.equal(
      codeOf(() => issueFingerprint(exampleReport(), 'gate.maxAccuracyDrop')),
      'review.noSuchIssue',
      'that gate is met',
    );
  });
});
