import assert from 'node:assert/strict';
import { histogramOf } from '../../../../server/engine/inspect/unit/histogram';

const total = (bins: Uint32Array) => bins.reduce((a, b) => a + b, 0);

describe('histograms of a unit', () => {
  it('share bins of equal width over the range of both samples', () => {
    const { edges, clean, triggered } = histogramOf(Float32Array.of(0, 1, 1, 16), Float32Array.of(8, 32));
    assert.deepEqual(
      [...edges],
      Array.from({ length: 33 }, (_, i) => i),
    );
    assert.deepEqual(
      [...clean.entries()].filter(([, n]) => n),
      [
        [0, 1],
        [1, 2],
        [16, 1],
      ],
    );
    assert.deepEqual(
      [...triggered!.entries()].filter(([, n]) => n),
      [
        [8, 1],
        [31, 1],
      ],
      'the last bin holds its upper edge',
    );
  });

  it('count every value once, whatever rounding does at the edges', () => {
    const values = Float32Array.from({ length: 5000 }, (_, i) => Math.fround(Math.sin(i) * 0.1 + 0.3));
    for (const sample of [values, values.map((v) => -v), values.map((v) => v * 1e-30), values.map((v) => v * 1e30)]) {
      const { edges, clean, triggered } = histogramOf(sample, null);
      assert.equal(total(clean), 5000);
      assert.equal(triggered, null);
      assert.equal(edges[0], Math.min(...sample));
      assert.equal(edges.at(-1), Math.max(...sample));
      assert.ok(
        edges.every((edge, i) => i === 0 || edge > edges[i - 1]!),
        'edges ascend',
      );
    }
  });

  it('put a constant into one bin around it', () => {
    for (const value of [0, 3, -3, 1e8]) {
      const { edges, clean, triggered } = histogramOf(Float32Array.of(value, value), Float32Array.of(value));
      assert.ok(edges.length === 2 && edges[0]! < value && edges[1]! > value, `${edges}`);
      assert.deepEqual([[...clean], [...triggered!]], [[2], [1]]);
    }
  });
});
