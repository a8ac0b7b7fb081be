import assert from 'node:assert/strict';
import { consistencyProblems, readReport } from '../../../../../server/engine/report/json/read-report';
import type { DefenseReport } from '../../../../../server/protocol/report/report';
import { exampleReport, exampleText, textOf } from '../../../../fixtures/example-report';

describe('parts of a report that its shape leaves open', () => {
  it('tell of a part that was cut, or that no run writes', () => {
    const parts = (change: (r: DefenseReport) => void): string[] => {
      const report = JSON.parse(exampleText()) as DefenseReport;
      change(report);
      return consistencyProblems(readReport(textOf(report), 'x'))
        .filter(({ kind, message }) => kind === 'problem' && / but (a|no) run writes it /.test(message))
        .map(({ id, pointer }) => `${id} ${pointer}`);
    };
    assert.deepEqual(
      parts(() => undefined),
      [],
    );
    const awake = exampleReport().layer.activations.findIndex(({ cleanMeanAbs }) => cleanMeanAbs > 0);
    const cases: [string, (r: DefenseReport) => void][] = [
      ['effect /stages/after/effect', (r) => delete r.stages.after.effect],
      [`layer /layer/classMeans/${awake}`, (r) => void (r.layer.classMeans[awake] = [])],
      ['curve /curve/smallestWithinGate', (r) => void (r.curve.smallestWithinGate = null)],
      ['trigger /trigger/targets', (r) => void (r.trigger!.targets = [{ source: 1, target: 2 }])],
      ['trigger /trigger/sources', (r) => void (r.trigger!.sources = [1])],
      ['model /model/source', (r) => void (r.model.source = 'elsewhere')],
      ['model /model/architecture', (r) => void (r.model.architecture = 'by hand')],
      ['config /provenance/step', (r) => void (r.provenance.step = 'graph')],
      ['attempts /attempts', (r) => void (r.attempts = [])],
    ];
    for (const [expected, change] of cases) assert.deepEqual(parts(change), [expected]);
  });
});
