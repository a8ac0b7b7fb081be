import { classRate } from '../../../../server/protocol/report/confusion';
import { matrixOf } from '../../../fixtures/matrices';
import assert from 'node:assert/strict';
import { argMaxRows, confusionMatrix, outcomes, stageMetrics } from '../../../../server/engine/metrics/evaluate';
import { mcnemar } from '../../../../server/engine/metrics/mcnemar';
import { rate } from '../../../../server/engine/metrics/rate';

describe('metrics', () => {
  it('gives the Wilson interval that published tables give', () => {
    // The bounds p solve |81/263 − p| = 1.96·√(p(1 − p)/263); found by bisection, apart from the closed form.
    const r = rate(81, 263);
    assert.equal(r.rate, 0.307985);
    assert.ok(Math.abs(r.low - 0.255289) < 2e-6, `${r.low}`);
    assert.ok(Math.abs(r.high - 0.36621) < 2e-6, `${r.high}`);
    assert.ok(Math.abs(rate(0, 10).high - 0.277533) < 2e-6);
    assert.equal(rate(0, 10).low, 0);
    assert.equal(rate(10, 10).high, 1);
    assert.deepEqual(rate(0, 0), { rate: 0, hits: 0, of: 0, low: 0, high: 1 });
  });

  it("gives McNemar's exact p-value", () => {
    const paired = (onlyBefore: number, onlyAfter: number, both: number) => {
      const before = Uint8Array.from([
        ...Array(onlyBefore).fill(1),
        ...Array(onlyAfter).fill(0),
        ...Array(both).fill(1),
      ]);
      const after = Uint8Array.from([
        ...Array(onlyBefore).fill(0),
        ...Array(onlyAfter).fill(1),
        ...Array(both).fill(1),
      ]);
      return mcnemar(before, after);
    };
    // Two-sided binomial(n = 8, k = 1): 2·(1 + 8)/256.
    assert.deepEqual(paired(1, 7, 5), { onlyBefore: 1, onlyAfter: 7, pValue: 0.0703125 });
    assert.equal(paired(0, 0, 3).pValue, 1);
    assert.equal(paired(4, 4, 0).pValue, 1);
    // Beyond the range in which binomial coefficients fit a double; the value is from exact rational arithmetic.
    assert.ok(
      Math.abs(paired(900, 1100, 0).pValue / 8.457089535503927e-6 - 1) < 1e-8,
      `${paired(900, 1100, 0).pValue}`,
    );
    assert.throws(() => mcnemar(new Uint8Array(2), new Uint8Array(3)), RangeError);
  });

  it('counts ASR and robust accuracy over the same triggered inputs', () => {
    const metrics = stageMetrics(
      { clean: Int32Array.of(0, 1, 2, 2), triggered: Int32Array.of(0, 0, 2) },
      { classes: 3, clean: Int32Array.of(0, 1, 2, 1), triggered: { labels: Int32Array.of(1, 2, 2), target: 0 } },
    );
    assert.equal(metrics.cleanAccuracy.hits, 3);
    assert.equal(metrics.attackSuccessRate?.hits, 2);
    assert.equal(metrics.robustAccuracy?.hits, 1);
    assert.deepEqual(matrixOf(metrics.confusion.clean), [
      [1, 0, 0],
      [0, 1, 1],
      [0, 0, 1],
    ]);
    assert.deepEqual(
      [0, 1, 2].map((label) => classRate(metrics, label)).map((r) => [r.hits, r.of]),
      [
        [1, 1],
        [1, 2],
        [1, 1],
      ],
    );
  });

  it('takes the first of equal logits, as arg max does', () => {
    assert.deepEqual([...argMaxRows(Float32Array.of(1, 3, 3, 2, 2, 0), 3)], [1, 0]);
    assert.deepEqual([...outcomes(Int32Array.of(1, 0), 0)], [0, 1]);
    assert.deepEqual(confusionMatrix(Int32Array.of(1), Int32Array.of(0), 2), [
      [0, 0],
      [1, 0],
    ]);
  });
});
