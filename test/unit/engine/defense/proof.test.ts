import assert from 'node:assert/strict';
import { sourceOf } from '../../../../server/engine/pass/inputs';
import { unsearched } from '../../../../server/engine/defense/proof';
import type { Split } from '../../../../server/engine/data/dataset';
import { allIndices } from '../../../../server/engine/data/roles';
import { rate } from '../../../../server/engine/metrics/rate';
import { proofSentence } from '../../../../server/engine/defense/attempt-words';
import { markdownReport } from '../../../../server/engine/report/markdown/markdown';
import { consistencyProblems, readReport } from '../../../../server/engine/report/json/read-report';
import type { DefenseReport, Rate } from '../../../../server/protocol/report/report';
import { isLeftOut, textOf } from '../../../fixtures/example-report';
import { judged, repairedReport } from '../../../fixtures/repaired-report';

/** A report whose fresh trigger was measured on test images: 9,020 are not of class 0. */
function onTestImages(before: Rate, after: Rate): DefenseReport {
  return judged(
    repairedReport('inverted', ({ proof }) => {
      Object.assign(proof!.bounded[0]!, { before, after });
      proof!.measuredOn = 'test';
      proof!.sentence = proofSentence(proof!);
    }),
  );
}

const problems = (report: DefenseReport): string[] =>
  consistencyProblems(readReport(textOf(report), 'x'))
    .filter((one) => one.kind === 'problem' && !isLeftOut(one))
    .map(({ id, pointer }) => `${id} ${pointer}`);

describe('the success of a fresh trigger', () => {
  it('is judged on the test images, so that few held-out ones do not leave a good repair in doubt', () => {
    const report = onTestImages(rate(8_900, 9_020), rate(380, 9_020));
    assert.equal(report.verdict.word, 'mitigated, estimated trigger only', 'at most 4.7 %');
    // As many of 450 held-out images may be 6.5 %.
    const few = judged(
      repairedReport('inverted', ({ proof }) => {
        delete proof!.measuredOn;
        proof!.bounded[0]!.after = rate(19, 450);
        proof!.sentence = proofSentence(proof!);
      }),
    );
    assert.equal(few.verdict.word, 'not mitigated');
    assert.match(
      few.verdict.sentence,
      /still sends 4\.2 % of held-out images to class 0 \(up to 6\.5 % can't be ruled out\)\.$/,
    );
  });

  it('is said to be of those images, wherever it is told', () => {
    const report = onTestImages(rate(8_900, 9_020), rate(900, 9_020));
    assert.match(
      report.verdict.sentence,
      /a new trigger of at most 4\.0 pixels still sends 10 % of test images to class 0\.$/,
    );
    assert.match(report.proof!.sentence, /sends 10 % of test images to class 0 \(in the input model: 98\.7 %\)\.$/);
    assert.match(markdownReport(report), /Success on test images of other classes of a new trigger/);
    const heldOut = repairedReport();
    delete heldOut.proof!.measuredOn;
    assert.match(markdownReport(heldOut), /Success on held-out images of other classes of a new trigger/);
  });

  it('agrees with the other figures of its report, on test images as on held-out ones', () => {
    assert.deepEqual(problems(onTestImages(rate(8_900, 9_020), rate(20, 9_020))), []);
    // A few of them may have been searched on.
    assert.deepEqual(problems(onTestImages(rate(8_880, 9_000), rate(20, 9_000))), []);
    assert.deepEqual(problems(onTestImages(rate(8_900, 9_021), rate(20, 9_021))), ['proof /proof/bounded/0/before/of']);
    assert.deepEqual(problems(onTestImages(rate(8_900, 9_020), rate(20, 9_000))), ['proof /proof/bounded/0/after/of']);
    const claimed = repairedReport();
    delete claimed.proof!.measuredOn;
    claimed.proof!.bounded[0]!.before = rate(1_300, 1_352);
    claimed.proof!.sentence = proofSentence(claimed.proof!);
    assert.deepEqual(problems(claimed), ['proof /proof/measuredOn', 'proof /proof/bounded/0/before/hits']);
  });
});

describe('the images that a proof is measured on', () => {
  /** Images of two pixels; image i has the value i / 1000. */
  const split = (count: number, first: number): Split => ({
    count,
    shape: [1, 2, 1],
    labels: Int32Array.from({ length: count }, (_, i) => i % 3),
    pixels: (indices) => Float32Array.from({ length: indices.length * 2 }, (_, i) => (first + indices[i >> 1]!) / 1000),
  });

  it('are all test images, but for those that triggers were searched on', () => {
    const test = sourceOf({ split: split(600, 0), indices: allIndices(600) });
    assert.equal(unsearched(test, sourceOf({ split: split(50, 600), indices: allIndices(50) })), test);
    const some = unsearched(test, sourceOf({ split: split(50, 590), indices: allIndices(50) }));
    assert.equal(some.count, 590);
    assert.deepEqual([...some.pixels([589])], [...test.pixels([589])]);
    assert.equal(some.labels[589], 589 % 3);
    assert.equal(unsearched(test, test).count, 0);
  });
});
