import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Hover } from 'vscode-languageserver-protocol';
import { fuzzDocuments, memoryOf } from '../../fuzz/documents';
import { makeTempDir } from '../../harness/processes';
import { makeDemo } from '../demo-folder';
import { LanguageClient, uriOf } from '../language-client';

describe('documents under stress', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-documents-');
  let config: string;
  let folder: string;
  before(async () => {
    config = await makeDemo(temp.dir);
    folder = path.dirname(config);
  });
  after(() => temp.remove());

  it('answers every request, whatever documents hold and wherever an edit points', async () => {
    const result = await fuzzDocuments({ seed: 13, inputs: 600, ms: 60_000, folder });
    assert.deepEqual(result.faults, []);
    assert.ok(result.answers > 200, JSON.stringify(result));
    assert.ok(result.peakMb < 400, `${result.peakMb} MB`);
  });

  it('stays right and bounded over 500 rapid edits of a config and of a model', async () => {
    const client = await LanguageClient.start([temp.dir]);
    try {
      const text = readFileSync(config, 'utf8');
      const uri = await client.open(config, text);
      const modelUri = await client.open(path.join(folder, 'model.json'), undefined, 'json');
      await client.diagnosed(uri, 'no faults', (all) => all.every(({ severity }) => severity !== 1));
      const before = memoryOf(client.server.pid!);
      for (let edit = 0; edit < 500; edit++) {
        const insert = {
          range: { start: { line: 0, character: 1 }, end: { line: 0, character: 1 } },
          text: `"wrong${edit}": ${edit},`,
        };
        const remove = {
          range: { start: { line: 0, character: 1 }, end: { line: 0, character: 1 + insert.text.length } },
          text: '',
        };
        await client.connection.sendNotification('textDocument/didChange', {
          textDocument: { uri, version: edit + 2 },
          contentChanges: edit === 499 ? [insert] : [insert, remove],
        });
        await client.connection.sendNotification('textDocument/didChange', {
          textDocument: { uri: modelUri, version: edit + 2 },
          contentChanges: [
            {
              range: { start: { line: 0, character: 0 }, end: { line: 0, character: edit % 2 } },
              text: edit % 2 ? '' : ' ',
            },
          ],
        });
      }
      const faults = await client.diagnosed(uri, 'the fault of the last edit', (all) =>
        all.some(({ message }) => String(message).includes('wrong499')),
      );
      assert.equal(
        faults.filter(({ message }) => String(message).includes('wrong')).length,
        1,
        'and none of an earlier one',
      );
      const hover = await client.at<Hover | null>('textDocument/hover', uri, { position: { line: 0, character: 4 } });
      assert.ok(hover === null || typeof hover === 'object');
      const grown = memoryOf(client.server.pid!) - before;
      assert.ok(grown < 150, `${grown.toFixed(0)} MB more`);
    } finally {
      await client.stop();
    }
  });

  it('comes back the same after being killed at 20 moments, and leaves nothing behind', async () => {
    const files = readdirSync(folder, { recursive: true }).sort();
    const text = readFileSync(config, 'utf8').replace('{', '{ "wrong": 1,');
    let expected: unknown;
    for (let moment = 0; moment < 20; moment++) {
      const client = await LanguageClient.start([temp.dir]);
      const ended = new Promise((resolve) => client.server.once('exit', resolve));
      client.connection.onError(() => undefined);
      const uri = await client.open(config, text);
      const told = client.diagnosed(uri, 'the fault', (all) =>
        all.some(({ message }) => String(message).includes('wrong')),
      );
      if (moment % 4 === 0) {
        const found = (await told).map(({ message, range, code }) => ({ message, range, code }));
        assert.deepEqual(found, (expected ??= found));
      } else told.catch(() => undefined);
      const asked = client.at('textDocument/codeLens', uri).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, moment * 7));
      client.server.kill('SIGKILL');
      await ended;
      client.connection.dispose();
      await asked;
      assert.deepEqual(readdirSync(folder, { recursive: true }).sort(), files);
    }
    const client = await LanguageClient.start([temp.dir]);
    try {
      const uri = await client.open(config, text);
      const found = await client.diagnosed(uri, 'the fault', (all) =>
        all.some(({ message }) => String(message).includes('wrong')),
      );
      assert.deepEqual(
        found.map(({ message, range, code }) => ({ message, range, code })),
        expected,
      );
      assert.equal(client.diagnostics.has(uriOf(config)), true);
    } finally {
      await client.stop();
    }
  });
});
