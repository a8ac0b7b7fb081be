import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MODEL_TEXT_REQUEST, type ModelTextParams, type ModelTextResult } from '../../../server/protocol/messages/lsp';
import { EXAMPLE, ReviewServer } from './review-support';

describe('a model as text, by the language server', function () {
  this.timeout(60_000);
  const server = new ReviewServer('fp-model-text-');
  const json = new Uint8Array(readFileSync(path.join(EXAMPLE, 'model.json')));
  const weights = new Uint8Array(readFileSync(path.join(EXAMPLE, 'weights.bin')));
  const ask = (more: Partial<ModelTextParams>) =>
    server.client.connection.sendRequest<ModelTextResult>(MODEL_TEXT_REQUEST, {
      name: 'model.json',
      json,
      shards: null,
      ...more,
    } satisfies ModelTextParams);
  const textOf = async (bytes: Uint8Array | null): Promise<string> => {
    const result = await ask({ shards: [{ path: 'weights.bin', bytes }] });
    assert.ok(result.ok && 'text' in result, JSON.stringify(result));
    return result.text;
  };

  it('asks for the weight files, then says layers, zeroed units and tensors, the same each time', async () => {
    assert.deepEqual(await ask({}), { ok: true, needs: ['weights.bin'] });
    const text = await textOf(weights);
    for (const part of ['Layers', 'dense_1', 'Zeroed units', 'Tensors', 'sha256']) assert.ok(text.includes(part), part);
    assert.equal(await textOf(weights), text);
  });

  it('differs in the line of the tensor whose byte differs', async () => {
    const other = weights.slice();
    other[4711]! ^= 1;
    const [one, two] = [(await textOf(weights)).split('\n'), (await textOf(other)).split('\n')];
    assert.equal(one.length, two.length);
    assert.equal(one.filter((line, at) => line !== two[at]).length, 1);
  });

  it('says when a weight file is missing, and refuses what is no model', async () => {
    assert.match(await textOf(null), /Weights not read: weights\.bin is missing/);
    const result = await ask({ json: new TextEncoder().encode('{"a": 1}') });
    assert.ok(!result.ok && result.failure.kind === 'input', JSON.stringify(result));
  });
});
