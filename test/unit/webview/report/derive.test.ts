import { sparseConfusion } from '../../../../server/engine/metrics/sparse-confusion';
import assert from 'node:assert/strict';
import { curvePoints, heatOf, layerUnits, shownClasses } from '../../../../webview/report/derive';
import { example } from '../report-support';

describe('what the report page draws', () => {
  it('orders the curve and takes each number once', () => {
    const curve = example().curve;
    curve.points = [curve.points[5]!, curve.points[0]!, curve.points[5]!];
    const made = curvePoints(curve)!;
    assert.deepEqual([...made.pruned], [0, 5]);
    assert.equal(made.clean[0], 0.9889);
    assert.equal(made.attack![0], 9002 / 9020);
    assert.equal(curvePoints({ ...curve, images: 0 }), null);
    assert.equal(curvePoints({ ...curve, triggeredImages: null })!.attack, null);
  });

  it('puts pruned units first, then the rest by the rule', () => {
    const report = example();
    report.pruning.units = [7, 3];
    const { order, pruned, dead, clean } = layerUnits(report);
    assert.deepEqual([...order.slice(0, 2)], [7, 3]);
    assert.deepEqual(
      [...order].sort((a, b) => a - b),
      Array.from({ length: 128 }, (_, i) => i),
    );
    const rest = [...order.slice(2)].map((unit) => clean[unit]!);
    assert.ok(
      rest.every((mean, i) => i === 0 || mean >= rest[i - 1]!),
      'ascending',
    );
    assert.equal(pruned[3], 1);
    assert.equal(
      dead.reduce((sum, flag) => sum + flag, 0),
      32,
    );
  });

  it('shows all of a few classes, and of many those with the most errors and the target', () => {
    assert.deepEqual(
      shownClasses([{ confusion: example().confusion.before }], 40, 0),
      Array.from({ length: 10 }, (_, i) => i),
    );
    const confusion = Array.from({ length: 6 }, (_, i) => Array.from({ length: 6 }, (_, j) => Number(i === j) * 100));
    confusion[4]![2] = 9;
    confusion[1]![4] = 3;
    const stage = { confusion: { clean: sparseConfusion(confusion), triggered: null } };
    assert.deepEqual(shownClasses([stage], 3, 5), [2, 4, 5]);
    assert.deepEqual(shownClasses([stage], 3, null), [1, 2, 4]);
  });

  it('shades a cell by its share of the row', () => {
    assert.deepEqual([3, 1, 0].map(heatOf(4)), [0.75, 0.25, 0]);
    assert.equal(heatOf(0)(0), 0);
  });
});
