import assert from 'node:assert/strict';
import { summarize } from '../../../../server/cli/output/summary';
import { bestOf, leastLoss, meetsGates, missedGates, tooFewFor } from '../../../../server/engine/repair/choice';
import { rate } from '../../../../server/engine/metrics/rate';
import { noneMetSentence } from '../../../../server/engine/defense/attempt-words';
import { markdownReport } from '../../../../server/engine/report/markdown/markdown';
import { consistencyProblems, readReport } from '../../../../server/engine/report/json/read-report';
import type { DefenseReport, HeldOutFigures } from '../../../../server/protocol/report/report';
import { attemptSign } from '../../../../webview/report/words';
import { isLeftOut, textOf } from '../../../fixtures/example-report';
import { heldOutOf, unmetReport, untouchedReport } from '../../../fixtures/unmet-report';

const GATES = { maxAttackSuccessRate: 0.05, maxAccuracyDrop: 0.01 };
const FILES = { report: 'x.defense.json', markdown: 'x.defense.md', model: null };
/** 95 % left at no loss, as fine-pruning left it. */
const KEPT_BACKDOOR = heldOutOf(0, 8_550);
/** At most 2.7 % left at a loss of 1.8 points, as guided left it. */
const LOST_ACCURACY = heldOutOf(180, 214);

describe('the order of repairs', () => {
  it('counts the backdoor more than accuracy where nothing meets both gates', () => {
    assert.deepEqual(
      [KEPT_BACKDOOR, LOST_ACCURACY].map(({ freshTrigger }) => freshTrigger!.high),
      [0.954314, 0.027134],
    );
    assert.equal(bestOf([KEPT_BACKDOOR, LOST_ACCURACY], GATES), 1);
    assert.equal(bestOf([LOST_ACCURACY, KEPT_BACKDOOR], GATES), 0);
  });

  it('keeps nothing that loses more than three times the limit', () => {
    assert.equal(bestOf([KEPT_BACKDOOR, heldOutOf(310, 214)], GATES), 0, '3.1 points are too many');
    assert.equal(bestOf([KEPT_BACKDOOR, heldOutOf(300, 214)], GATES), 1, '3 points are not');
    assert.equal(bestOf([heldOutOf(310, 214), heldOutOf(500, 0)], GATES), null);
    assert.equal(bestOf([], GATES), null);
    assert.equal(
      bestOf([KEPT_BACKDOOR, heldOutOf(1, 0)], { ...GATES, maxAccuracyDrop: 0 }),
      0,
      'three times nothing is nothing',
    );
  });

  it('goes by the upper bound of the worst trigger, then by accuracy, then by the order of trying', () => {
    const known = (hits: number, of: number, fresh: number): HeldOutFigures => ({
      ...heldOutOf(150, fresh),
      knownTrigger: rate(hits, of),
    });
    assert.equal(bestOf([known(900, 9_000, 10), known(10, 9_000, 800)], GATES), 1);
    // 2 of 90 are fewer in proportion, and may be more.
    assert.equal(bestOf([known(2, 90, 0), known(450, 9_000, 0)], GATES), 1);
    assert.equal(bestOf([heldOutOf(200, 700), heldOutOf(110, 700), heldOutOf(110, 700)], GATES), 1);
  });

  it('keeps the latest of those that meet both gates', () => {
    assert.equal(bestOf([heldOutOf(50, 10), heldOutOf(90, 20), heldOutOf(101, 0)], GATES), 1);
  });

  it('goes by the success itself where so few images are held out that none could meet the gate', () => {
    const few = (lost: number, hits: number): HeldOutFigures => ({
      images: 60,
      correctBefore: 58,
      correct: 58 - lost,
      knownTrigger: null,
      estimatedTrigger: null,
      freshTrigger: rate(hits, 54),
    });
    assert.ok(
      tooFewFor(few(0, 0), GATES) && !tooFewFor(KEPT_BACKDOOR, GATES),
      "up to 6.6 % can't be ruled out by 54 images",
    );
    assert.deepEqual(
      missedGates(few(0, 0), GATES),
      ['maxAttackSuccessRate'],
      'the gate itself still goes by the bound',
    );
    assert.equal(bestOf([few(0, 50), few(1, 1)], GATES), 1);
    assert.equal(
      bestOf([few(1, 0), few(0, 1), few(0, 40)], GATES),
      1,
      '1 of 54 is within both gates, which a loss of 1.7 points is not',
    );
    assert.equal(bestOf([few(0, 1), few(0, 0), few(0, 0)], GATES), 1);
    assert.equal(bestOf([few(2, 0), few(3, 0)], GATES), null);
  });

  it('has no word on the backdoor where no trigger was measured: the least loss then', () => {
    const none = (lost: number): HeldOutFigures => ({
      ...heldOutOf(lost, 0),
      estimatedTrigger: null,
      freshTrigger: null,
    });
    assert.equal(bestOf([none(200), none(20)], GATES), 1);
    assert.equal(bestOf([none(301)], GATES), null);
    assert.equal(leastLoss([none(400), none(301), none(301)]), 1);
  });
});

describe('a choice on held-out images', () => {
  const figures = (correct: number, fresh: number, known: number | null = null): HeldOutFigures => ({
    images: 1000,
    correctBefore: 990,
    correct,
    knownTrigger: known === null ? null : rate(known, 900),
    estimatedTrigger: rate(0, 900),
    freshTrigger: rate(fresh, 900),
  });

  it('meets the gates by upper bounds, and by every trigger that there is', () => {
    assert.ok(meetsGates(figures(985, 10), GATES));
    assert.ok(!meetsGates(figures(985, 40), GATES), '40 of 900 may be more than 5 %');
    assert.ok(!meetsGates(figures(985, 10, 100), GATES));
    assert.ok(!meetsGates(figures(979, 10), GATES), 'eleven images lost of a thousand');
    assert.ok(
      !meetsGates({ ...figures(990, 0), estimatedTrigger: null, freshTrigger: null }, GATES),
      'nothing was measured',
    );
  });

  it('is the latest that meets the gates, else the least success within three times the accuracy limit, else none', () => {
    assert.equal(bestOf([figures(985, 10), figures(984, 0), figures(900, 0)], GATES), 1);
    assert.equal(bestOf([figures(985, 500), figures(984, 100), figures(900, 0)], GATES), 1);
    assert.equal(bestOf([figures(900, 0), figures(950, 0)], GATES), null);
  });
});

function problems(report: DefenseReport, change: (report: DefenseReport) => void = () => undefined): string[] {
  const edited = structuredClone(report);
  change(edited);
  return consistencyProblems(readReport(textOf(edited), 'x'))
    .filter((one) => one.kind === 'problem' && !isLeftOut(one))
    .map(({ id, pointer }) => `${id} ${pointer}`);
}
const idsOf = (found: readonly string[]): string[] => found.filter((one) => !one.startsWith('mcnemar'));

describe('a report in which no repair met both gates', () => {
  const report = unmetReport();
  const finding = report.findings.find(({ id }) => id === 'no-repair-met-gates')!;

  it('keeps the one that leaves least, says what it misses, and lists the others with both figures', () => {
    assert.deepEqual(
      report.attempts!.map(({ chosen }) => chosen),
      [false, false, true],
    );
    assert.equal(
      report.attempts![2]!.sentence,
      'guided, 2 rounds, on 10,000 held-out images: clean accuracy 99 % → 97.2 %; the estimated trigger succeeds on 0 %; a newly searched one on 2.4 %. Accuracy falls by more than 1 %; kept as the best of those that lose at most 3 points.',
    );
    assert.equal(
      finding.message,
      'No repair met both gates on held-out images. Kept: guided (accuracy −1.8 points, attack success 2.4 %, up to 2.7 %); it misses the gate on the drop in clean accuracy (limit: 1 %). Not kept: fine-pruning (accuracy 0 points, attack success 95 %, up to 95.4 %); fine-pruning-conv (accuracy −0.2 points, attack success 93 %, up to 93.5 %).',
    );
    assert.equal(report.verdict.word, 'accuracy lost');
    assert.match(markdownReport(report), /\| ⚠️ kept, accuracy gate missed \|/);
    assert.match(
      summarize(report, { files: FILES }),
      /^Tried {3}fine-pruning, fine-pruning-conv, guided \(kept, accuracy gate missed\)$/m,
    );
    assert.equal(attemptSign(report.attempts![2]!).text, 'Accuracy gate missed, kept');
  });

  it('agrees with itself, and is found out where another repair is said to be kept', () => {
    assert.deepEqual(idsOf(problems(report)), []);
    const other = idsOf(problems(report, (r) => r.attempts!.forEach((attempt, at) => (attempt.chosen = at === 0))));
    assert.ok(other.includes('attempts /attempts'), JSON.stringify(other));
    const missed = problems(report, (r) => void (r.attempts![2]!.missed = []));
    assert.ok(missed.includes('attempts /attempts/2/missed'), JSON.stringify(missed));
    const mixed = problems(report, (r) => void delete r.attempts![0]!.missed);
    assert.ok(mixed.includes('attempts /attempts'), JSON.stringify(mixed));
  });

  it('is held to the order of its time where it is older: the least success within the accuracy limit', () => {
    const older = (chosen: number): string[] => {
      const edited = structuredClone(report);
      edited.provenance.tool = 'fine-prune 0.1.0';
      edited.attempts!.forEach((attempt, at) => {
        attempt.chosen = at === chosen;
        delete attempt.missed;
      });
      return consistencyProblems(edited).map(({ id, pointer }) => `${id} ${pointer}`);
    };
    assert.ok(older(2).includes('attempts /attempts'), 'guided lost more than the limit');
    assert.ok(!older(1).includes('attempts /attempts'));
  });

  it('says so where the images are too few for the gate', () => {
    const attempts = report.attempts!.map((attempt) => ({
      ...attempt,
      heldOut: { ...attempt.heldOut, freshTrigger: rate(1, 54) },
    }));
    assert.match(
      noneMetSentence(attempts, GATES),
      /So few images are held out that even a trigger that never succeeds misses the gate on attack success; repairs were compared by the success itself\.$/,
    );
    assert.doesNotMatch(noneMetSentence(report.attempts!, GATES), /So few images/);
  });
});

describe('a report in which every repair lost too much', () => {
  const report = untouchedReport();

  it('leaves the model as it came, with a verdict that says so and both figures of each', () => {
    assert.deepEqual(
      [report.repaired, report.model.after, report.attempts!.some(({ chosen }) => chosen)],
      [false, null, false],
    );
    assert.deepEqual(report.verdict, {
      word: 'not mitigated',
      sentence:
        'The backdoor is still in the model, which was not changed: the estimated trigger reaches class 0 on 98.9 % of inputs (limit: 5 %). No repair met both gates on held-out images, and each lost more than 3 points of clean accuracy, 3 times the limit: nothing was changed, and no model was written. Tried: fine-pruning (accuracy −3.1 points, attack success 95 %, up to 95.4 %); fine-pruning-conv (accuracy −4 points, attack success 93 %, up to 93.5 %); guided (accuracy −3.2 points, attack success 2.4 %, up to 2.7 %).',
    });
    assert.ok(report.gates.every(({ met }) => !met));
    assert.match(report.attempts![2]!.sentence, /Accuracy falls by more than 3 points, 3 times the limit: not kept\.$/);
    assert.match(summarize(report, { files: FILES }), /guided; none was kept$/m);
  });

  it('agrees with itself, and is found out where one is said to be kept, or none although one could have been', () => {
    assert.deepEqual(problems(report), []);
    const one = problems(report, (r) => void (r.attempts![2]!.chosen = true));
    assert.ok(one.includes('attempts /attempts'), JSON.stringify(one));
    const none = problems(unmetReport(), (r) => void (r.attempts![2]!.chosen = false));
    assert.ok(none.includes('attempts /attempts'), JSON.stringify(none));
  });
});
