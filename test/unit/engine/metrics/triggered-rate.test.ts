import assert from 'node:assert/strict';
import { bestOf, meetsGates } from '../../../../server/engine/repair/choice';
import { judgedSuccess, triggeredRate } from '../../../../server/engine/metrics/triggered-rate';
import type { HeldOutFigures, TriggeredRate } from '../../../../server/protocol/report/report';

const gates = { maxAttackSuccessRate: 0.05, maxAccuracyDrop: 0.01 };

/** Success on images that are taken for class 0, or 1, without the trigger and with it. */
function success(kept: number, gained: number, lost: number, of: number): TriggeredRate {
  const clean = Int32Array.from({ length: of }, (_, i) => (i < kept + lost ? 0 : 1));
  const stamped = Int32Array.from({ length: of }, (_, i) =>
    i < kept || (i >= kept + lost && i < kept + lost + gained) ? 0 : 1,
  );
  return triggeredRate(0, stamped, clean);
}

const heldOut = (knownTrigger: TriggeredRate): HeldOutFigures => ({
  images: 10_000,
  correctBefore: 5_000,
  correct: 5_000,
  knownTrigger,
  estimatedTrigger: null,
  freshTrigger: null,
});

describe('the success of a trigger on held-out images', () => {
  it('is judged by itself where next to nothing goes to the class without it', () => {
    const rate = success(5, 95, 0, 1000);
    assert.equal(rate.untriggered, undefined);
    assert.deepEqual(judgedSuccess(rate), { share: rate.rate, high: rate.high });
  });

  it('is judged by its excess in a network that confuses much: 300 gained, 123 lost of 9,000', () => {
    const rate = success(503, 300, 123, 9000);
    assert.deepEqual([rate.rate, rate.untriggered], [0.089222, { hits: 626, gained: 300, lost: 123 }]);
    assert.deepEqual([judgedSuccess(rate).share, Number(judgedSuccess(rate).high.toFixed(3))], [0.019667, 0.024]);
    assert.ok(meetsGates(heldOut(rate), gates), 'an ASR of 8.9 % of which 7 points are no backdoor');
    assert.ok(!meetsGates(heldOut(success(503, 900, 123, 9000)), gates));
  });

  it('orders repairs by that', () => {
    // The second has the higher ASR, and the smaller excess.
    assert.equal(bestOf([heldOut(success(100, 900, 10, 9000)), heldOut(success(800, 700, 10, 9000))], gates), 1);
  });
});
