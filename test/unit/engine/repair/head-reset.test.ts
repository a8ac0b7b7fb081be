import assert from 'node:assert/strict';
import { epochsOf, shifted } from '../../../../server/engine/repair/head-reset';

describe('a reset of the dense layers', () => {
  it('goes through few images more often', () => {
    assert.deepEqual([epochsOf(55_000, 64), epochsOf(2500, 64)], [2, 16]);
    assert.deepEqual([epochsOf(10, 64), epochsOf(2500, 8192)], [600, 600], 'a batch is never larger than the set');
  });

  it('is trained on images that are moved along the sides that have more than one pixel', () => {
    const row = {
      count: 50,
      labels: new Int32Array(50),
      pixels: (at: ArrayLike<number>) => new Float32Array(28 * at.length).fill(1),
    };
    const moved = shifted(row, [1, 28, 1], 0).pixels(Int32Array.from(row.labels.keys()));
    for (let i = 0; i < 50; i++)
      assert.ok(moved.subarray(28 * i, 28 * i + 28).reduce((a, b) => a + b, 0) >= 26, `image ${i}`);
  });
});
