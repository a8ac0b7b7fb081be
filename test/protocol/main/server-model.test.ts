import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { CodeLens, Hover, MarkupContent } from 'vscode-languageserver-protocol';
import { demoConfig } from '../demo-folder';
import { latencies, latencyWords, uriOf } from '../language-client';
import { DemoServer } from './server-support';

describe('language server, on a model.json', function () {
  this.timeout(60_000);
  const server = new DemoServer('fp-server-model-');

  it('shows what would be pruned, as the config beside it says', async () => {
    const uri = await server.client.open(path.join(server.folder, 'model.json'), undefined, 'json');
    await server.client.diagnosed(uri, 'a look at it', () => true);
    const lenses = await server.client.at<CodeLens[]>('textDocument/codeLens', uri);
    assert.deepEqual(
      lenses.map((l) => l.command?.title),
      [
        '▶ Fine-Prune Model',
        'Fine-Prune would prune 25 of 128 neurons of dense_1',
        'Inspect dense_1',
        'Scan for Backdoors',
      ],
    );
    assert.deepEqual(
      lenses.slice(1).map((l) => l.command?.arguments),
      [[uriOf(server.config)], [uriOf(server.config), { layer: 'dense_1' }], [uriOf(server.config)]],
    );
    await server.client.close(uri);
  });

  it('counts the units that the config names', async () => {
    const uri = await server.client.open(path.join(server.folder, 'model.json'), undefined, 'json');
    const named = await server.client.open(server.config, demoConfig('"prune": { "units": [3, 90] }'));
    await server.client.diagnosed(named, 'no diagnostics', (found) => found.length === 0);
    const lenses = await server.client.at<CodeLens[]>('textDocument/codeLens', uri);
    assert.equal(
      lenses[1]?.command?.title,
      'Fine-Prune would prune 2 of 128 neurons of dense_1, as named in the config',
    );
    await server.client.close(named);
    await server.client.close(uri);
  });

  it('leaves other files of that name alone', async () => {
    for (const text of [
      '{ "format": "graph-model", "modelTopology": {} }',
      '{ "name": "a data model" }',
      '',
      '[1, 2',
    ]) {
      const uri = await server.client.open(path.join(server.folder, 'sub', 'model.json'), text, 'json');
      assert.deepEqual(await server.client.at('textDocument/codeLens', uri), []);
      assert.equal(await server.client.at('textDocument/hover', uri, { position: { line: 0, character: 3 } }), null);
      await server.client.close(uri);
    }
  });

  it('answers for one of 10 MB in one line', async () => {
    const json = JSON.parse(readFileSync(path.join(server.folder, 'model.json'), 'utf8')) as {
      userDefinedMetadata?: unknown;
    };
    json.userDefinedMetadata = Array.from({ length: 400_000 }, (_, i) => ({ name: `n${i}`, v: i }));
    const text = JSON.stringify(json);
    assert.ok(text.length > 10_000_000 && !text.includes('\n'));
    const start = performance.now();
    const uri = await server.client.open(path.join(server.folder, 'large', 'model.json'), text, 'json');
    const small = await server.client.open(server.config);
    await server.client.at('textDocument/codeLens', small);
    // What is asked of other files meanwhile does not wait for it.
    let lenses: CodeLens[] = [];
    const others = await latencies(
      async () => void (await server.client.at('textDocument/codeLens', small)),
      () => lenses.length > 0 || performance.now() - start > 30_000,
      async () => {
        lenses = await server.client.at<CodeLens[]>('textDocument/codeLens', uri);
      },
    );
    const first = performance.now() - start;
    assert.equal(lenses.at(-2)?.command?.title, 'Fine-Prune would prune 25 of 128 neurons of dense_1');
    const range = lenses.at(-2)!.range;
    assert.equal(text.slice(range.start.character, range.end.character), '"dense_1"');
    const again = performance.now();
    const hover = await server.client.at<Hover>('textDocument/hover', uri, {
      position: { line: 0, character: range.start.character + 3 },
    });
    assert.match((hover.contents as MarkupContent).value, /128 neurons/);
    const second = performance.now() - again;
    console.log(
      `      lenses after ${first.toFixed(0)} ms, then ${second.toFixed(1)} ms; other files meanwhile: ${latencyWords(others)}`,
    );
    assert.ok(second < 500 && others[others.length >> 1]! < 50, `${second} ms, ${others.join()}`);
    await server.client.close(small);
    await server.client.close(uri);
  });
});
