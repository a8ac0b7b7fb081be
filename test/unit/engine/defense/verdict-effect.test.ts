import { stagesApart } from '../../../../server/protocol/report/confusion';
import assert from 'node:assert/strict';
import { summarize } from '../../../../server/cli/output/summary';
import { missedGate } from '../../../../server/engine/report/gate-words';
import { markdownReport } from '../../../../server/engine/report/markdown/markdown';
import { judge, judgeGates } from '../../../../server/engine/defense/verdict';
import type { DefenseReport } from '../../../../server/protocol/report/report';
import { others, right, stageOf, type Group } from '../../../fixtures/effect-stage';
import { referenceReport } from '../../../fixtures/report';

/** The reference report with the figures of these images, before and after the defense. */
function reportOf(before: readonly Group[], after: readonly Group[], target = 0): DefenseReport {
  const report = referenceReport();
  const [first, last] = [stageOf(before, target), stageOf(after, target)];
  const trigger = { ...report.trigger!, target, inputs: first.attackSuccessRate!.of };
  const measured = { ...report, trigger, ...stagesApart({ before: first, pruned: first, after: last }) };
  return {
    ...measured,
    gates: judgeGates(measured, report.provenance.config.gates),
    verdict: judge(measured, report.provenance.config.gates),
  };
}

/** All images go to the target. */
const attacked = (target: number, of = 300): Group[] =>
  others(target)
    .map((c): Group => [of, c, c, target])
    .concat([[of, target, target, target]]);

describe('the verdict on what a trigger does', () => {
  it('gives the base rate beside the ASR', () => {
    const after = others(0)
      .flatMap((c): Group[] => [
        [1, c, 0, 0],
        [277, c, c, 0],
        [22, c, c, c],
      ])
      .concat([[300, 0, 0, 0]]);
    const { verdict, gates } = reportOf(attacked(0), after);
    assert.deepEqual([verdict.word, gates[0]!.met], ['not mitigated', false]);
    assert.equal(
      verdict.sentence,
      'The backdoor is still there: the trigger reaches class 0 on 92.7 % of inputs (before: 100 %; without the trigger: 0.33 %; limit: 5 %).',
    );
  });

  it('does not blame a confused network for what goes to the target anyway', () => {
    const after: Group[] = [
      [1000, 0, 0, 0],
      [503, 1, 0, 0],
      [123, 2, 0, 2],
      [497, 1, 1, 1],
      [877, 2, 2, 2],
      [700, 3, 3, 3],
      [300, 4, 4, 0],
      [1000, 3, 3, 3],
      [2700, 4, 4, 4],
      [2300, 5, 5, 5],
    ];
    const report = reportOf(attacked(0, 900), after);
    assert.deepEqual(
      [report.stages.after.attackSuccessRate!.rate, report.stages.after.effect!.baseRate.rate],
      [0.089222, 0.069556],
    );
    assert.deepEqual(
      [report.verdict.word, report.gates[0]!.met, report.gates[0]!.excess],
      ['mitigated', true, { class: 0 }],
    );
    assert.deepEqual([report.gates[0]!.measured, Number(report.gates[0]!.judged!.toFixed(3))], [0.019667, 0.024]);
    assert.match(report.verdict.sentence, /without the trigger: 7 %; limit: 5 %/);
  });

  it('names the class that the images go to, and how many', () => {
    const report = reportOf(attacked(4), attacked(4), 0);
    assert.equal(report.verdict.word, 'not mitigated');
    assert.equal(
      report.verdict.sentence,
      'The backdoor is still there: the trigger sends 100 % of 2,700 images to class 4, net of those that go there without it (up to 100 %; before: 100 %; limit: 5 %). To class 0, which the config names, it sends 0 % (before: 0 %).',
    );
    assert.match(
      missedGate(report.gates[0]!, report),
      /^Gate missed: the trigger sends 100 % of images to class 4, net of those that go there without it/,
    );
  });

  it('calls a trigger that spoils the model no repair', () => {
    const spoilt = Array.from({ length: 10 }, (_, c) => c).flatMap((c): Group[] =>
      others(c)
        .map((to): Group => [26, c, c, to])
        .concat([[766, c, c, c]]),
    );
    const report = reportOf(attacked(0, 1000), spoilt);
    assert.equal(report.verdict.word, 'not mitigated');
    assert.match(
      report.verdict.sentence,
      /^The trigger still misleads the model: it makes a net 23.4 % of all images wrong; the limit is 20 %/,
    );
    assert.equal(report.gates[0]!.met, false);
    assert.ok(report.gates[0]!.judged! <= 0.05, 'no class gets more than the limit');
  });

  it('names the source class that is still sent elsewhere', () => {
    const report = reportOf(attacked(0), [...right(300, [3]), [220, 3, 3, 3], [80, 3, 3, 8]]);
    assert.match(
      report.verdict.sentence,
      /still there for some images: the trigger sends 26.7 % of the 300 images of class 3 to class 8, net of those that go there without it; the limit is 20 %/,
    );
  });

  it('says how many images it would take where there are too few', () => {
    const report = reportOf(attacked(0, 10), right(10));
    assert.equal(report.verdict.word, 'not measurable');
    assert.match(
      report.verdict.sentence,
      /^Too few images: with 90 images of other classes, not even a trigger without any effect can be shown to send at most 5 % of them to class 1; at least 147 are needed\./,
    );
    assert.equal(report.gates[0]!.met, false);
  });

  it('finds no effect before only where no class gains', () => {
    assert.equal(reportOf(right(300), right(300)).verdict.word, 'no effect before');
    assert.match(
      reportOf(right(300), right(300)).verdict.sentence,
      /reaches class 0 on 0 % of inputs \(0 % without it\), within the limit of 5 %, and sends images to no other class/,
    );
    assert.equal(reportOf(attacked(4), right(300), 0).verdict.word, 'mitigated', 'it had an effect, on class 4');
    assert.match(
      reportOf(attacked(4), right(300), 0).verdict.sentence,
      /^The trigger sent 100 % of 2,700 images to class 4, net of those that go there without it; now it sends at most 0 % to any class other than 0, and 0 % to class 0 \(without/,
    );
  });

  it('shows the class that the images go to beside the target, in Markdown and in a terminal', () => {
    const report = reportOf(
      attacked(4),
      others(4)
        .map((c): Group => [270, c, c, c])
        .concat(
          others(4).map((c): Group => [30, c, c, 4]),
          [[400, 4, 4, 4]],
        ),
    );
    const markdown = markdownReport(report);
    assert.match(markdown, /^\| Attack success rate \(ASR, class 0\) \| 0 \(/m);
    assert.match(
      markdown,
      /^\| Sent to class 4, net \| 100 \(99\.\d\d–100\), of 2,700 \| 100 .* \| 10\.00 \(8\.\d\d–11\.\d\d\), of 2,700 \|$/m,
    );
    assert.match(
      markdown,
      /^\| Sent to class 4 by the trigger, net \| ≤ 5 % \| 10 % \|/m,
      'the gate is judged by it, and is no ASR',
    );
    assert.match(
      markdown,
      /leaves out the images of class 4 \(2,700 remain\), as the ASR leaves out those of class 0 \(2,700 remain\)/,
    );
    assert.match(markdown, /Triggered inputs have no images of class 0: it is the target/);
    const text = summarize(report, { files: { report: 'a.defense.json', markdown: 'a.defense.md', model: null } });
    assert.match(text, /^ASR \(class 0\) +0 \(/m);
    assert.match(text, /^Class 4, net +100 \(99\.\d\d–100\) .* 10\.00 \(8\.\d\d–11\.\d\d\)$/m);
    assert.match(
      text.replace(/\n +/g, ' '),
      /^Trigger +makes 90 % → 8\.7 % of all images wrong, net; without it, 0 % → 0 % of the others go to class 0 \(base rate\)$/m,
    );
    assert.doesNotMatch(
      markdownReport(reportOf(attacked(0), attacked(0))),
      /^\| Sent to class/m,
      'the target itself has its row',
    );
  });
});
