import assert from 'node:assert/strict';
import { pruneCount } from '../../../../server/protocol/config/pruning';

describe('the number of pruned units', () => {
  it('counts pruned units as the reference does', () => {
    assert.deepEqual(
      [pruneCount(0.2, 128), pruneCount(0.29, 100), pruneCount(1, 7), pruneCount(0.1, 9)],
      [25, 29, 7, 0],
    );
  });
});
