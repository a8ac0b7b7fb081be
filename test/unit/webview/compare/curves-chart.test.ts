import assert from 'node:assert/strict';
import { curvesTable, prunedAt } from '../../../../webview/compare/curves-chart';
import { curvePoints, offCurve } from '../../../../webview/report/derive';
import { example } from '../report-support';

describe('the curves of two reports', () => {
  it('marks units that a config named where they were measured, not on the curve of the rule', () => {
    const report = example();
    const points = curvePoints(report.curve)!;
    const side = { side: 'head', points, units: 128, chosen: report.pruning.count } as const;
    assert.equal(offCurve(report), undefined);
    assert.equal(prunedAt(side).clean, points.clean[25]);
    report.pruning.ratio = null;
    report.stages.pruned.cleanAccuracy.rate = 0.9306;
    report.stages.pruned.attackSuccessRate!.rate = 0.1624;
    assert.deepEqual(prunedAt({ ...side, offCurve: offCurve(report) }), { clean: 0.9306, attack: 0.1624 });
    report.stages.pruned.attackSuccessRate = null;
    assert.deepEqual(offCurve(report), { clean: 0.9306, attack: null });
    assert.equal(
      offCurve({ ...report, pruning: { ...report.pruning, count: 0, units: [] } }),
      undefined,
      'nothing was repaired',
    );
  });

  it('lays both curves into one table', () => {
    const side = (name: 'base' | 'head', pruned: number[]) => ({
      side: name,
      units: 4,
      chosen: 1,
      points: { pruned: Int32Array.from(pruned), clean: Float64Array.from(pruned, (n) => 1 - n / 4), attack: null },
    });
    const table = curvesTable([side('base', [0, 2]), side('head', [0, 1])]);
    assert.deepEqual(
      table.columns.map(({ label }) => label),
      ['Units pruned', 'Clean accuracy, base', 'Clean accuracy, head'],
    );
    assert.deepEqual(
      Array.from({ length: table.rows }, (_, row) => [0, 1, 2].map((column) => table.cell(row, column))),
      [
        [0, 1, 1],
        [1, null, 0.75],
        [2, 0.5, null],
      ],
    );
  });
});
