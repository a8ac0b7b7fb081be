import assert from 'node:assert/strict';
import { ActivationStatistics } from '../../../../server/engine/pass/activations';
import { curvePoints } from '../../../../server/engine/pruning/curve-plan';
import { denseCurveHits } from '../../../../server/engine/pruning/dense-curve';
import { mostRaised, pruneOrder } from '../../../../server/engine/pass/ranking';
import { pruneCount } from '../../../../server/protocol/config/pruning';

describe('ranking and curve', () => {
  it('prunes ⌊ratio·n + 1e-9⌋ units', () => {
    assert.equal(pruneCount(0.2, 128), 25);
    assert.equal(pruneCount(0.29, 100), 29);
    assert.equal(pruneCount(0, 128), 0);
    assert.equal(pruneCount(1, 128), 128);
  });

  it('orders by score, ties by lower index', () => {
    assert.deepEqual([...pruneOrder([2, 0, 1, 0])], [1, 3, 2, 0]);
    assert.deepEqual(mostRaised([0, 0, 5], [1, 3, 5], 2), [1, 0]);
  });

  it('finds means, dead units and firing shares, for one and for many positions', () => {
    const s = new ActivationStatistics(2, 2);
    s.add(Float32Array.of(1, 0.5, -3, 0.5), Int32Array.of(0, 1), 1);
    assert.deepEqual([...s.mean()], [-1, 0.5]);
    assert.deepEqual([...s.meanAbs()], [2, 0.5]);
    assert.deepEqual(s.dead(), [1], 'a unit that is constant is dead, whatever the constant');
    assert.deepEqual([...s.fires], [1, 2]);
    assert.deepEqual(s.perClass(0), [1, -3]);
    const conv = new ActivationStatistics(1, 1);
    conv.add(Float32Array.of(0, 0, 0, 4), Int32Array.of(0), 4);
    assert.deepEqual([...conv.mean()], [1]);
    assert.deepEqual([...conv.fires], [1]);
    assert.deepEqual(conv.dead(), []);
  });

  it('agrees with computing every point again', () => {
    const [images, units, classes] = [40, 7, 3];
    let state = 7;
    const next = () => ((state = (state * 48271) % 2147483647) / 2147483647) * 2 - 1;
    const activations = Float32Array.from({ length: images * units }, () => Math.max(0, next()));
    const kernel = Float32Array.from({ length: units * classes }, next);
    const bias = Float32Array.from({ length: classes }, next);
    const order = pruneOrder([3, 1, 2, 0, 6, 5, 4]);
    const hits = denseCurveHits(activations, { units, classes, kernel, bias }, order, 1);
    for (let k = 0; k <= units; k++) {
      const gone = new Set(order.subarray(0, k));
      let expected = 0;
      for (let i = 0; i < images; i++) {
        const logits = [...bias].map(
          (b, c) =>
            b +
            Array.from({ length: units }, (_, u) =>
              gone.has(u) ? 0 : activations[i * units + u]! * kernel[u * classes + c]!,
            ).reduce((a, v) => a + v, 0),
        );
        if (logits.indexOf(Math.max(...logits)) === 1) expected++;
      }
      assert.equal(hits[k], expected, `at ${k} pruned`);
    }
  });

  it('spreads at most 65 points over a wide layer, both ends among them', () => {
    assert.deepEqual(curvePoints(3, 65), [0, 1, 2, 3]);
    const points = curvePoints(512, 65);
    assert.equal(points.length, 65);
    assert.deepEqual([points[0], points[64]], [0, 512]);
  });
});
