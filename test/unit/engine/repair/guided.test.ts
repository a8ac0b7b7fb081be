import assert from 'node:assert/strict';
import { planOf } from '../../../../server/engine/repair/guided';

describe('a guided repair', () => {
  it('goes through few images more often, and through many in more rounds', () => {
    assert.deepEqual(planOf(55_000, 64), { epochs: 1, stamped: 0.2, leastRounds: 3 });
    assert.deepEqual(planOf(2500, 64), { epochs: 6, stamped: 1, leastRounds: 2 });
    assert.equal(planOf(100, 64).epochs, 10);
  });
});
