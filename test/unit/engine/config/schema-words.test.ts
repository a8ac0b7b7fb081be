import assert from 'node:assert/strict';
import { expectation } from '../../../../server/engine/config/schema-words';

describe('what a schema allows, in words', () => {
  it('is said once where several alternatives come to the same', () => {
    const object = { type: 'object', properties: { a: { type: 'string' } } };
    const other = { type: 'object', properties: { b: { type: 'string' } } };
    assert.equal(expectation({ anyOf: [object, other] }), 'an object, { … }');
    assert.equal(expectation({ anyOf: [object, { const: 'auto' }] }), 'an object, { … } or "auto"');
  });
});
