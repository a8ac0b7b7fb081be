import assert from 'node:assert/strict';
import { referenceReport } from '../../../fixtures/report';
import { reviewedIssues } from '../../../../server/engine/report/review/review';
import type { Decision } from '../../../../server/protocol/report/review';
import {
  answers,
  decisionText,
  figure,
  gateShare,
  gateSign,
  hitsText,
  intervalText,
  pairedText,
  staleText,
  verdictSign,
} from '../../../../webview/report/words';
import { limitWords, list, pWords, points } from '../../../../server/protocol/words';
import { example, decisionOn } from '../report-support';

describe('words of the report page', () => {
  it('writes figures with two decimals and never rounds to all or nothing', () => {
    assert.deepEqual([0, 1, 0.98891, 0.999999, 0.0000001].map(figure), [
      '0 %',
      '100 %',
      '98.89 %',
      '99.99 %',
      '0.01 %',
    ]);
    assert.deepEqual([0.0021, -0.0825, 0, 0.01, -0.000001].map(points), [
      '+0.21 points',
      '−8.25 points',
      '0 points',
      '+1 point',
      '−0.0001 points',
    ]);
    assert.equal(limitWords(0.07), '7 %');
    const rate = { rate: 0.9889, hits: 9889, of: 10_000, low: 0.98667, high: 0.99077 };
    assert.equal(intervalText(rate), '98.67 – 99.08 %');
    assert.equal(hitsText(rate), '9,889 of 10,000');
    assert.deepEqual([0.034567, 1e-9, 1].map(pWords), ['p = 0.035', 'p < 0.0001', 'p = 1']);
  });

  it('names the outcome of paired images by the test', () => {
    assert.equal(
      pairedText({ onlyBefore: 744, onlyAfter: 0, pValue: 1e-200 }, 'attacks'),
      '744 attacks stopped, 0 new: beyond noise (p < 0.0001)',
    );
    assert.equal(
      pairedText({ onlyBefore: 5, onlyAfter: 6, pValue: 1 }, 'right'),
      '6 images gained, 5 lost: within noise (p = 1)',
    );
    assert.equal(pairedText({ onlyBefore: 0, onlyAfter: 0, pValue: 1 }, 'right'), 'same on every image');
  });

  it('answers the three questions of a reviewer', () => {
    const [gone, cost, evidence] = answers(example());
    assert.deepEqual(
      [gone!.icon, gone!.answer, gone!.detail],
      [
        'error',
        'ASR 99.8 % → 91.6 %',
        'At most 92.1 % with 95 % confidence; limit 5 %. Without the trigger, class 0 gets 0.07 %.',
      ],
    );
    assert.deepEqual(
      [cost!.icon, cost!.answer, cost!.detail],
      ['pass', 'Clean accuracy 98.9 % → 99.1 %', '+0.21 points; it may fall by 1 point.'],
    );
    assert.equal(evidence!.answer, 'Measured on 10,000 clean and 9,020 triggered test images');
    assert.match(evidence!.detail, /^Known patch trigger, target class 0; native engine, .*seed 0\.$/);
  });

  it('claims nothing without a trigger, nor of a model that was not repaired', () => {
    const report = example();
    report.repaired = false;
    assert.deepEqual(
      answers(report)
        .map(({ icon }) => icon)
        .slice(0, 2),
      ['question', 'question'],
    );
    report.trigger = null;
    for (const stage of Object.values(report.stages)) stage.attackSuccessRate = stage.robustAccuracy = null;
    const [gone, , evidence] = answers(report);
    assert.equal(gone!.answer, 'Not measured');
    assert.equal(evidence!.icon, 'warning');
    assert.match(evidence!.detail, /^No trigger;/);
  });

  it('says whether a gate is met, and calls a gain a gain', () => {
    const [asr, drop] = example().gates;
    assert.deepEqual(gateSign(asr!, false), { icon: 'error', text: 'Missed' });
    assert.deepEqual(gateSign(asr!, true), { icon: 'error', text: 'Missed, accepted' });
    assert.deepEqual(gateSign(drop!, false), { icon: 'pass', text: 'Met' });
    assert.equal(gateShare('maxAccuracyDrop', -0.0021), '0.21 points gained');
    assert.equal(gateShare('maxAccuracyDrop', 0.03), '3 points');
    assert.equal(gateShare('maxAttackSuccessRate', null), 'not measured');
    assert.equal(verdictSign('mitigated, estimated trigger only').icon, 'warning');
  });

  it('says what a decision means now', () => {
    const report = example();
    const told = (change: Partial<Decision>): string =>
      decisionText(
        reviewedIssues(report, decisionOn(report, change), '2026-02-01').find(
          ({ id }) => id === report.findings[0]!.id,
        )!,
      )!.text;
    assert.equal(told({ expires: '2030-01-01' }), 'Accepted by Ada <ada@example.org> on 2026-01-05, until 2030-01-01');
    assert.equal(
      told({ expires: '2026-01-31' }),
      'No longer accepted: the decision by Ada <ada@example.org> on 2026-01-05 expired on 2026-01-31',
    );
    assert.match(
      told({ fingerprint: '0'.repeat(16) }),
      /^No longer accepted: the figures or the model differ from those of the decision/,
    );
    assert.equal(decisionText(reviewedIssues(report, null, '2026-02-01')[0]!), null);
  });

  it('names what made it stale', () => {
    assert.match(
      staleText(['the model', 'fineTune.epochs'], referenceReport(), 'a')!,
      /stale: the model and fineTune\.epochs changed/,
    );
    assert.equal(staleText([], referenceReport(), 'a'), null);
    assert.equal(staleText(null, referenceReport(), 'a'), null);
    assert.equal(list(['a', 'b', 'c'], 2), 'a, b and 1 more');
  });
});
