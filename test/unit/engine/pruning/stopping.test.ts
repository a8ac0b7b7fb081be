import assert from 'node:assert/strict';
import { largestWithinLimit, smallestWithinGate } from '../../../../server/engine/pruning/stopping';

const points = [0, 8, 16, 24];
const clean = { points, hits: Uint32Array.of(100, 99, 99, 90), inputs: 100 };

describe('when pruning stops', () => {
  it('chooses the largest number within the accuracy limit', () => {
    const held = largestWithinLimit(clean, 0.01);
    assert.deepEqual(held, { pruned: 16, heldOut: { images: 100, correctBefore: 100, correct: 99 } });
  });

  it('chooses the smallest number within the gate by the upper bound of the ASR, while accuracy is kept', () => {
    const success = { points, hits: Uint32Array.of(200, 8, 0, 0), inputs: 200 };
    const gates = { maxAttackSuccessRate: 0.05, maxAccuracyDrop: 0.01 };
    assert.deepEqual(smallestWithinGate(clean, success, gates), {
      // 8 of 200 are 4 %, but up to 7.7 % with 95 % confidence.
      smallest: { pruned: 16, heldOut: { images: 100, triggeredImages: 200, successful: 0, correct: 99 } },
      withinAccuracy: 16,
    });
    const late = { points, hits: Uint32Array.of(200, 200, 200, 0), inputs: 200 };
    assert.deepEqual(smallestWithinGate(clean, late, gates), { smallest: null, withinAccuracy: 16 });
  });
});
