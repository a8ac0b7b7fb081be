import assert from 'node:assert/strict';
import * as v from 'valibot';
import {
  base64,
  base64Bytes,
  count,
  distinct,
  finite,
  list,
  object,
  said,
  share,
  whole,
} from '../../../../server/protocol/shape/shape';
import { faultSentence, firstFault } from '../../../../server/protocol/shape/shape-fault';

/** The sentence that a value is refused with; null where it fits. */
const refusal = (shape: v.GenericSchema, value: unknown): string | null => {
  const fault = firstFault(shape, value);
  return fault && faultSentence(fault);
};

describe('an object of a shape', () => {
  const shape = object({ size: said(count, 'How large.'), name: v.optional(v.string()) });

  it('has its fields and no others, in the order of the shape once it is parsed', () => {
    assert.deepEqual(Object.keys(v.parse(shape, { name: 'a', size: 1 })), ['size', 'name']);
    assert.equal(refusal(shape, { size: 1 }), null);
    assert.equal(refusal(shape, {}), 'It has no `size`.');
    for (const field of ['more', 'constructor', 'toString'])
      assert.equal(refusal(shape, { size: 1, [field]: 1 }), `It has an unknown field \`${field}\`.`);
  });

  it('is no list, not even where nothing is needed', () => {
    assert.equal(refusal(object({ name: v.optional(v.string()) }), []), 'It must be an object.');
    assert.equal(refusal(object({ inner: shape }), { inner: [1] }), '`/inner` must be an object.');
    assert.equal(refusal(shape, null), 'It must be an object.');
  });
});

describe('a number of a shape', () => {
  it('is in its range, and says which', () => {
    assert.equal(refusal(share, 1.5), 'It is 1.5; a share from 0 to 1 was expected.');
    assert.equal(refusal(share, NaN), 'It must be a number.');
    assert.equal(refusal(share, '1'), 'It must be a number.');
    assert.equal(refusal(whole(9, 1), 0), 'It is 0; a whole number from 1 to 9 was expected.');
    assert.equal(refusal(whole(9, 1), 1.5), 'It is 1.5; a whole number from 1 to 9 was expected.');
    assert.equal(refusal(finite, Infinity), 'It is Infinity; a number was expected.');
    for (const [shape, value] of [
      [share, 0],
      [share, 1],
      [whole(9, 1), 9],
      [finite, -1e300],
    ] as const)
      assert.equal(refusal(shape, value), null);
  });
});

describe('a list of a shape', () => {
  it('has as many entries as it may, each of which fits', () => {
    const shape = list(count, 3, 1);
    assert.equal(refusal(shape, [1, 2, 3]), null);
    assert.equal(refusal(shape, []), 'It has 0 entries; 1 to 3 were expected.');
    assert.equal(refusal(shape, [1, 'a']), '`/1` must be a number.');
    assert.equal(refusal(shape, [1, -1]), '`/1` is -1; a whole number from 0 to 1000000000000 was expected.');
    assert.equal(refusal(shape, new Array(2)), 'It has no `0`.');
    assert.equal(refusal(shape, { length: 1 }), 'It must be a list.');
  });

  it('that is too long is refused before its entries are looked at', () => {
    const item = v.pipe(
      v.unknown(),
      v.check(() => assert.fail('an entry was looked at')),
    );
    assert.equal(refusal(list(item, 2), [1, 2, 3]), 'It has 3 entries; at most 2 were expected.');
  });

  it('names nothing twice where each is to be another', () => {
    const shape = v.pipe(list(count, 9), distinct);
    assert.equal(refusal(shape, [4, 7]), null);
    assert.equal(refusal(shape, [4, 7, 4]), '`/2` names 4 twice.');
  });
});

describe('base64 of a shape', () => {
  it('is written in the one way', () => {
    for (let bytes = 0; bytes < 9; bytes++) {
      const text = Buffer.alloc(bytes, 0xa5).toString('base64');
      assert.equal(refusal(base64(100), text), null, text);
      assert.equal(base64Bytes(text), bytes);
    }
    for (const text of ['A', 'AA', 'AAA', 'AB==', 'AAB=', '====', 'A===', 'A<&A', 'AA\nA', 'AAAA=', 'A=AA'])
      assert.equal(refusal(base64(100), text), 'It is not base64.', text);
    assert.equal(refusal(base64(4), 'AAAAAAAA'), 'It has 8 characters; at most 4 were expected.');
  });
});
