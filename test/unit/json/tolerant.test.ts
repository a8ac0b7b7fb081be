import assert from 'node:assert/strict';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { tolerantTree, tolerantValue, withoutMark } from '../../../server/json/tolerant';
import { parseConfig } from '../../../server/language/text/config-text';
import { rootOf } from '../../../server/language/text/json-edits';

const BRACKETS = '['.repeat(200_000);

describe('JSON as people write it', () => {
  it('is read with comments, trailing commas and a byte-order mark, and past faults', () => {
    assert.equal(JSON.stringify(tolerantValue('\uFEFF{ // mine\n "a": [1, 2,], }')), '{"a":[1,2]}');
    assert.equal(JSON.stringify(tolerantValue('{ "a": 1, "b": { ,, ')), '{"a":1,"b":{}}');
    assert.deepEqual(['', ' // nothing', BRACKETS].map(tolerantValue), [undefined, undefined, undefined]);
    assert.deepEqual(tolerantTree('{ "a": 1, }').errors, []);
    assert.ok(tolerantTree('{ "a" 1 }').errors.length > 0);
    assert.equal(tolerantTree(BRACKETS).tooDeep, true);
    assert.equal(tolerantTree('\uFEFF{}').root?.offset, 1);
    assert.equal(withoutMark('\uFEFFa'), ' a');
  });

  it('is read alike for what is shown, and for what is edited', () => {
    const config = (text: string) => parseConfig(TextDocument.create('file:///x.json', 'fineprune', 1, text)).root;
    for (const text of ['\uFEFF{ "a": 1, }', '{}']) {
      assert.equal(config(text)?.type, 'object');
      assert.equal(rootOf(text)?.type, 'object', JSON.stringify(text));
    }
    for (const text of [BRACKETS, '']) {
      assert.equal(config(text), undefined);
      assert.equal(rootOf(text), undefined);
    }
  });
});
