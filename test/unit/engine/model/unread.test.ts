import assert from 'node:assert/strict';
import { unreadOf } from '../../../../server/engine/model/unread';

const tensor = (name: string, shape: number[] = [4, 2]) => ({ name, dtype: 'float32', shape, bytes: 32 });

describe('tensors that no layer reads', () => {
  it('are counted, the first of them by name', () => {
    const names = ['spare/dense/kernel', 'dense/kernel_2', 'm/kernel/x', 'momentary', 'a'.repeat(200), 'sixth'];
    const { count, bytes, names: shown } = unreadOf(names.map((name) => tensor(name)));
    assert.deepEqual([count, bytes, shown.length], [6, 192, 5]);
    assert.deepEqual(shown.slice(0, 4), names.slice(0, 4));
    assert.equal(shown[4], `${'a'.repeat(80)}…`);
  });

  it('are no news where training keeps them: the state of optimizers, and counters', () => {
    const kept = [
      tensor('Adam/dense/kernel/m:0'),
      tensor('training/Adam/dense/kernel/v'),
      tensor('dense_1/kernel/m'),
      tensor('dense_1/kernel/accumulator'),
      tensor('optimizer_weights/x'),
      tensor('iter', []),
      tensor('global_step:0', [1]),
      tensor('bn/num_batches_tracked', []),
    ];
    assert.deepEqual(unreadOf(kept), { count: 0, bytes: 0, names: [] });
    // A counter is one number.
    assert.equal(unreadOf([tensor('net/step', [900, 400])]).count, 1);
  });
});
