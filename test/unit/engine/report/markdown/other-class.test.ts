import { stageOf as reportStage, stagesApart } from '../../../../../server/protocol/report/confusion';
import assert from 'node:assert/strict';
import { otherAimOf } from '../../../../../server/engine/report/markdown/figures';
import { judgeGates } from '../../../../../server/engine/defense/verdict';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { otherAim, sentTo } from '../../../../../webview/report/other-class';
import { answers, gateTitle } from '../../../../../webview/report/words';
import { exampleReport } from '../../../../fixtures/example-report';
import { others, right, stageOf, type Group } from '../../../../fixtures/effect-stage';

/** The committed report with the figures of these images, its trigger aimed at class 0. */
function reportOf(before: readonly Group[], after: readonly Group[]): DefenseReport {
  const report = exampleReport();
  const [first, last] = [stageOf(before, 0), stageOf(after, 0)];
  const measured = {
    ...report,
    trigger: { ...report.trigger!, target: 0 },
    ...stagesApart({ before: first, pruned: first, after: last }),
  };
  return { ...measured, gates: judgeGates(measured, report.provenance.config.gates) };
}
const attacked = (target: number): Group[] =>
  others(target)
    .map((c): Group => [300, c, c, target])
    .concat([[300, target, target, target]]);

describe('the page of a report whose trigger aims at another class', () => {
  it('has the class that the images go to as its answer, by the same counts as the judgement', () => {
    const report = reportOf(
      attacked(4),
      others(4)
        .map((c): Group => [270, c, c, c])
        .concat(
          others(4).map((c): Group => [30, c, c, 4]),
          [[300, 4, 4, 4]],
        ),
    );
    assert.deepEqual([otherAim(report), otherAimOf(report)], [4, 4]);
    assert.deepEqual(
      [sentTo(4, reportStage(report, 'before')), sentTo(4, reportStage(report, 'after'))],
      [
        { share: 1, of: 2700 },
        { share: 0.1, of: 2700 },
      ],
    );
    assert.equal(answers(report)[0]!.answer, 'Class 4 gets 100 % → 10.00 %, net');
    assert.match(answers(report)[0]!.detail, /Without the trigger, class 0 gets 0 %\.$/);
    assert.equal(gateTitle(report.gates[0]!), 'Sent to class 4 by the trigger, net');
  });

  it('has it where the repaired model no longer does so, and not where the target gets most', () => {
    const repaired = reportOf(attacked(4), right(300));
    assert.deepEqual(
      [otherAim(repaired), otherAimOf(repaired), answers(repaired)[0]!.answer],
      [4, 4, 'Class 4 gets 100 % → 0 %, net'],
    );
    const known = reportOf(attacked(0), right(300));
    assert.deepEqual([otherAim(known), otherAimOf(known), answers(known)[0]!.answer], [null, null, 'ASR 100 % → 0 %']);
    assert.equal(gateTitle(known.gates[0]!), 'Attack success rate (ASR)');
  });

  it('says nothing of it in reports of earlier versions', () => {
    const earlier = reportOf(attacked(4), attacked(4));
    for (const stage of [earlier.stages.before, earlier.stages.after]) delete stage.effect;
    assert.deepEqual([otherAim(earlier), sentTo(4, reportStage(earlier, 'before'))], [null, null]);
  });
});
