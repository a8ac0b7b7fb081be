import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type {
  CodeAction,
  CodeLens,
  CompletionList,
  Hover,
  InlayHint,
  MarkupContent,
} from 'vscode-languageserver-protocol';
import { demoConfig } from '../demo-folder';
import { DemoServer } from './server-support';

const WHOLE = { range: { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } } };

describe('language server, on a defense config', function () {
  this.timeout(60_000);
  const server = new DemoServer('fp-server-config-');
  let uri: string;
  let version = 1;
  before(async () => {
    uri = await server.client.open(server.config);
  });

  async function edit(text: string): Promise<void> {
    await server.client.change(uri, ++version, text);
  }

  it('finds nothing wrong with a good one', async () => {
    await server.client.diagnosed(uri, 'no diagnostics', (found) => found.length === 0);
  });

  const faults: [string, string, string, string][] = [
    ['a layer that the model does not have', demoConfig('"layer": "dense_9"'), '"dense_9"', 'config.layerUnknown'],
    ['a missing model', demoConfig().replace('model.json', 'modle.json'), '"modle.json"', 'config.fileMissing'],
    [
      'missing data',
      demoConfig().replace('t10k-images', 't11k-images'),
      '"data/t11k-images-idx3-ubyte"',
      'config.fileMissing',
    ],
    [
      'data outside the workspace',
      demoConfig().replace('data/t10k-labels-idx1-ubyte', '../../../etc/hostname'),
      '"../../../etc/hostname"',
      'config.fileOutside',
    ],
    [
      'labels for images',
      demoConfig().replace('train-images-idx3', 'train-labels-idx1'),
      '"data/train-labels-idx1-ubyte"',
      'config.dataKind',
    ],
    [
      'labels of the other split',
      demoConfig().replace('t10k-labels', 'train-labels'),
      '"data/train-labels-idx1-ubyte" }\n  },',
      'config.dataCount',
    ],
    ['a target beyond the classes', demoConfig().replace('"target": 0', '"target": 4711'), '4711', 'config.target'],
    ['a unit beyond the layer', demoConfig('"prune": { "units": [5, 128] }'), '128', 'config.unitOutOfRange'],
    ['a value out of range', demoConfig('"prune": { "ratio": 1.01 }'), '1.01', 'config.outOfRange'],
    ['an empty file', '', '', 'config.empty'],
  ];
  for (const [what, text, at, code] of faults) {
    it(`says one thing about ${what}, exactly there`, async () => {
      await edit(text);
      const [found] = await server.client.diagnosed(uri, code, (all) => all.length === 1 && all[0]!.code === code);
      const lines = text.split('\n');
      const shown = at.split('\n')[0]!.replace(/ }$/, '');
      const line = at === '' ? 0 : text.slice(0, text.indexOf(at)).split('\n').length - 1;
      const character = at === '' ? 0 : lines[line]!.indexOf(shown);
      assert.deepEqual(found!.range, {
        start: { line, character },
        end: { line, character: character + shown.length },
      });
    });
  }

  it('offers the layers that the model has as quick fixes', async () => {
    await edit(demoConfig('"layer": "conv2d_9"'));
    const diagnostics = await server.client.diagnosed(
      uri,
      'layerUnknown',
      (all) => all[0]?.code === 'config.layerUnknown',
    );
    const actions = await server.client.at<CodeAction[]>('textDocument/codeAction', uri, {
      range: diagnostics[0]!.range,
      context: { diagnostics },
    });
    assert.deepEqual(
      actions.map((a) => a.edit?.changes?.[uri]?.[0]?.newText).sort(),
      ['"conv2d_1"', '"conv2d_2"', '"dense_1"'].sort(),
    );
  });

  it('answers with hover, hints, lenses, completion, folding and format', async () => {
    await edit(demoConfig('"prune": { "ratio": 0.2 },\n  "layer": ""'));
    await server.client.diagnosed(uri, 'a snapshot', (all) => all.length <= 1);
    const text = demoConfig('"prune": { "ratio": 0.2 },\n  "layer": ""');
    const line = text.split('\n').findIndex((one) => one.includes('"ratio"'));
    const hover = await server.client.at<Hover>('textDocument/hover', uri, { position: { line, character: 15 } });
    assert.match((hover.contents as MarkupContent).value, /25 of 128 neurons/);
    const hints = await server.client.at<InlayHint[]>('textDocument/inlayHint', uri, WHOLE);
    assert.ok(
      hints.some(({ label }) => label === '25 of 128 neurons'),
      JSON.stringify(hints),
    );
    assert.ok(
      hints.some(({ label }) => String(label).includes('225,034 parameters')),
      JSON.stringify(hints),
    );
    const lenses = await server.client.at<CodeLens[]>('textDocument/codeLens', uri);
    assert.deepEqual(
      lenses.map((l) => [l.command?.title, l.command?.arguments]),
      [
        ['▶ Fine-Prune', [uri]],
        ['Inspect Activations', [uri]],
        ['Scan for Backdoors', [uri]],
      ],
    );
    const { items } = await server.client.at<CompletionList>('textDocument/completion', uri, {
      position: { line: line + 1, character: 12 },
    });
    assert.equal(items[0]?.label, '"dense_1"');
    assert.match(String(items[0]?.detail), /128 neurons/);
    assert.ok((await server.client.at<unknown[]>('textDocument/foldingRange', uri)).length > 0);
    const edits = await server.client.at<unknown[]>('textDocument/formatting', uri, {
      options: { tabSize: 2, insertSpaces: true },
    });
    assert.ok(Array.isArray(edits));
  });

  it('offers paths from disk, relative to the config', async () => {
    const text = '{ "data": { "train": { "images": "" } } }';
    await edit(text);
    await server.client.diagnosed(uri, 'faults', (all) => all.length > 0);
    const { items } = await server.client.at<CompletionList>('textDocument/completion', uri, {
      position: { line: 0, character: text.indexOf('""') + 1 },
    });
    assert.equal(items[0]?.label, '"data/train-images-idx3-ubyte"');
  });

  it('sees files that come and go', async () => {
    await edit(demoConfig());
    await server.client.diagnosed(uri, 'no diagnostics', (all) => all.length === 0);
    const labels = path.join(server.folder, 'data/t10k-labels-idx1-ubyte');
    renameSync(labels, `${labels}.away`);
    await server.client.filesChanged(labels);
    await server.client.diagnosed(
      uri,
      'missing labels',
      (all) => all.length === 1 && all[0]!.code === 'config.fileMissing',
    );
    renameSync(`${labels}.away`, labels);
    await server.client.filesChanged(labels);
    await server.client.diagnosed(uri, 'no diagnostics again', (all) => all.length === 0);
  });

  it('reads the header of a damaged file, in the words of the engine', async () => {
    const images = path.join(server.folder, 'data/t10k-images-idx3-ubyte');
    const bytes = readFileSync(images);
    writeFileSync(images, bytes.subarray(0, 1000));
    await server.client.filesChanged(images);
    const [found] = await server.client.diagnosed(
      uri,
      'a truncated file',
      (all) => all.length === 1 && all[0]!.code === 'config.dataUnreadable',
    );
    assert.match(String(found!.message), /ends too early/);
    writeFileSync(images, bytes);
    await server.client.filesChanged(images);
    await server.client.diagnosed(uri, 'no diagnostics again', (all) => all.length === 0);
  });

  it('takes its diagnostics away when it is closed', async () => {
    await edit(demoConfig('"seed": -1'));
    await server.client.diagnosed(uri, 'a fault', (all) => all.length === 1);
    await server.client.close(uri);
    await server.client.diagnosed(uri, 'nothing', (all) => all.length === 0);
  });

  it('respects the settings for hints and lenses', async () => {
    uri = await server.client.open(server.config);
    server.client.settings = { inlayHints: { enabled: false }, codeLens: { enabled: false } };
    await server.client.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
    assert.deepEqual(await server.client.at('textDocument/codeLens', uri), []);
    assert.deepEqual(await server.client.at('textDocument/inlayHint', uri, WHOLE), []);
    server.client.settings = {};
    await server.client.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
    assert.equal((await server.client.at<CodeLens[]>('textDocument/codeLens', uri)).length, 3);
    await server.client.close(uri);
  });
});
