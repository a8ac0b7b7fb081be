import assert from 'node:assert/strict';
import * as v from 'valibot';
import { count, list, object, share } from '../../../../server/protocol/shape/shape';
import { faultSentence, firstFault } from '../../../../server/protocol/shape/shape-fault';

const shape = object({
  word: v.picklist(['quick', 'full']),
  ratio: v.union([share, v.literal('auto')]),
  version: v.literal(1),
  on: v.optional(v.boolean()),
  of: v.optional(
    v.variant('kind', [
      object({ kind: v.literal('a'), size: count }),
      object({ kind: v.literal('b'), names: list(v.string(), 2) }),
    ]),
  ),
});
const good = { word: 'quick', ratio: 0.5, version: 1 };

/** Kind, pointer-like path and sentence of the first fault of a changed value. */
const first = (change: object): [string, string, string] => {
  const fault = firstFault(shape, { ...good, ...change })!;
  return [fault.kind, fault.path.join('.'), faultSentence(fault)];
};

describe('the first fault of a value', () => {
  it('is none of a value that fits', () => assert.equal(firstFault(shape, good), null));

  it('says what was expected, of another kind or out of bounds', () => {
    assert.deepEqual(first({ word: 'slow' }), ['schema', 'word', '`/word` must be one of "quick", "full".']);
    assert.deepEqual(first({ ratio: 'all' }), ['schema', 'ratio', '`/ratio` must be a number or "auto".']);
    assert.deepEqual(first({ ratio: 2 }), ['figure', 'ratio', '`/ratio` is 2; a share from 0 to 1 was expected.']);
    assert.deepEqual(first({ version: 2 }), ['schema', 'version', '`/version` must be 1.']);
    assert.deepEqual(first({ on: 'yes' }), ['schema', 'on', '`/on` must be true or false.']);
    assert.deepEqual(first({ of: { kind: 'c' } }), ['schema', 'of.kind', '`/of/kind` must be one of "a", "b".']);
    assert.deepEqual(first({ of: {} }), ['schema', 'of', '`/of` has no `kind`.']);
    assert.deepEqual(first({ of: { kind: 'a' } }), ['schema', 'of', '`/of` has no `size`.']);
    assert.deepEqual(first({ of: { kind: 'b', names: ['x', 7] } }), [
      'schema',
      'of.names.1',
      '`/of/names/1` must be a string.',
    ]);
  });

  it('is the first in the order of the shape, and only one', () => {
    assert.equal(first({ extra: 1, on: 0, word: 0 })[1], 'word');
  });

  it('cuts what the value brings', () => {
    const [, , sentence] = first({ ['x'.repeat(100_000)]: 1 });
    assert.ok(sentence.length < 200, sentence.slice(0, 200));
    assert.ok(!first({ word: 'y'.repeat(100_000) })[2].includes('yy'));
  });
});
