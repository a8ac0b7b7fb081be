import assert from 'node:assert/strict';
import { checkNamedUnits, chosenUnits } from '../../../../server/engine/pruning/named-units';
import { failureOf } from '../../../harness/files';

describe('units that a config names', () => {
  it('are what is pruned; else it is the first ones of the order', () => {
    const order = Int32Array.from([4, 2, 0, 1, 3]);
    assert.deepEqual([...chosenUnits({ ratio: null, rule: 'clean-mean', units: [1, 3] }, order, 2)], [1, 3]);
    assert.deepEqual([...chosenUnits({ ratio: 0.6, rule: 'clean-mean' }, order, null)], [4, 2, 0]);
    assert.deepEqual([...chosenUnits({ ratio: 'auto', rule: 'clean-mean' }, order, 2)], [4, 2]);
  });

  it('must be units of the layer', async () => {
    const check = (units: number[]) =>
      checkNamedUnits({ ratio: null, rule: 'clean-mean', units }, { layer: 'dense_1', units: 128 });
    check([0, 127]);
    const one = await failureOf('prune.unitOutOfRange', () => check([5, 128]));
    assert.deepEqual(
      [one.kind, one.place, one.message],
      ['input', '/prune/units', 'Layer "dense_1" has no unit 128: its 128 units are 0 to 127.'],
    );
    assert.match(
      (await failureOf('prune.unitOutOfRange', () => check([128, 200, 300]))).message,
      /no unit 128, nor 2 more of those named: /,
    );
  });
});
