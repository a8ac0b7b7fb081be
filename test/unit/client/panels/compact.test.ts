import assert from 'node:assert/strict';
import { deserialize, serialize } from 'node:v8';
import { compact } from '../../../../client/panels/compact';

describe('what a panel sends to its page', () => {
  it('holds the same values, each array in a buffer of its own', () => {
    const value = {
      kind: 'unit',
      top: [{ pixels: Uint8Array.of(1, 2, 3), label: 7 }],
      means: Float32Array.of(0.5, -1),
      order: Int32Array.of(3, 1),
      none: null,
      words: ['a'],
    };
    // As it comes over a channel: views into one message.
    const arrived = deserialize(serialize(value)) as typeof value;
    const sent = compact(arrived);
    assert.deepEqual(sent, value);
    for (const array of [sent.top[0]!.pixels, sent.means, sent.order])
      assert.equal(array.buffer.byteLength, array.byteLength);
  });
});
