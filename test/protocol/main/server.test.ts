import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type {
  CodeAction,
  CodeLens,
  CompletionList,
  Hover,
  InlayHint,
  MarkupContent,
} from 'vscode-languageserver-protocol';
import {
  CONFIG_TEXT_REQUEST,
  ENGINE_STATUS_REQUEST,
  PREPARE_REQUEST,
  RUN_REQUEST,
  TRUSTED_NOTIFICATION,
  type EngineStatus,
  type PrepareResult,
  type RunResult,
} from '../../../server/protocol/messages/lsp';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../demo-folder';
import { LanguageClient, latencies, latencyWords, uriOf } from '../language-client';

const WHOLE = { range: { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } } };

describe('language server', function () {
  this.timeout(60_000);
  const temp = makeTempDir('fp-server-');
  let client: LanguageClient;
  let config: string;
  let folder: string;

  before(async () => {
    config = await makeDemo(temp.dir);
    folder = path.dirname(config);
    client = await LanguageClient.start([temp.dir]);
  });
  after(async () => {
    await client.stop();
    await temp.remove();
  });

  describe('on a defense config', () => {
    let uri: string;
    let version = 1;
    before(async () => {
      uri = await client.open(config);
    });

    async function edit(text: string): Promise<void> {
      await client.change(uri, ++version, text);
    }

    it('finds nothing wrong with a good one', async () => {
      await client.diagnosed(uri, 'no diagnostics', (found) => found.length === 0);
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
        const [found] = await client.diagnosed(uri, code, (all) => all.length === 1 && all[0]!.code === code);
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
      const diagnostics = await client.diagnosed(uri, 'layerUnknown', (all) => all[0]?.code === 'config.layerUnknown');
      const actions = await client.at<CodeAction[]>('textDocument/codeAction', uri, {
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
      await client.diagnosed(uri, 'a snapshot', (all) => all.length <= 1);
      const text = demoConfig('"prune": { "ratio": 0.2 },\n  "layer": ""');
      const line = text.split('\n').findIndex((one) => one.includes('"ratio"'));
      const hover = await client.at<Hover>('textDocument/hover', uri, { position: { line, character: 15 } });
      assert.match((hover.contents as MarkupContent).value, /25 of 128 neurons/);
      const hints = await client.at<InlayHint[]>('textDocument/inlayHint', uri, WHOLE);
      assert.ok(
        hints.some(({ label }) => label === '25 of 128 neurons'),
        JSON.stringify(hints),
      );
      assert.ok(
        hints.some(({ label }) => String(label).includes('225,034 parameters')),
        JSON.stringify(hints),
      );
      const lenses = await client.at<CodeLens[]>('textDocument/codeLens', uri);
      assert.deepEqual(
        lenses.map((l) => [l.command?.title, l.command?.arguments]),
        [
          ['▶ Fine-Prune', [uri]],
          ['Inspect Activations', [uri]],
          ['Scan for Backdoors', [uri]],
        ],
      );
      const { items } = await client.at<CompletionList>('textDocument/completion', uri, {
        position: { line: line + 1, character: 12 },
      });
      assert.equal(items[0]?.label, '"dense_1"');
      assert.match(String(items[0]?.detail), /128 neurons/);
      assert.ok((await client.at<unknown[]>('textDocument/foldingRange', uri)).length > 0);
      const edits = await client.at<unknown[]>('textDocument/formatting', uri, {
        options: { tabSize: 2, insertSpaces: true },
      });
      assert.ok(Array.isArray(edits));
    });

    it('offers paths from disk, relative to the config', async () => {
      const text = '{ "data": { "train": { "images": "" } } }';
      await edit(text);
      await client.diagnosed(uri, 'faults', (all) => all.length > 0);
      const { items } = await client.at<CompletionList>('textDocument/completion', uri, {
        position: { line: 0, character: text.indexOf('""') + 1 },
      });
      assert.equal(items[0]?.label, '"data/train-images-idx3-ubyte"');
    });

    it('sees files that come and go', async () => {
      await edit(demoConfig());
      await client.diagnosed(uri, 'no diagnostics', (all) => all.length === 0);
      const labels = path.join(folder, 'data/t10k-labels-idx1-ubyte');
      renameSync(labels, `${labels}.away`);
      await client.filesChanged(labels);
      await client.diagnosed(uri, 'missing labels', (all) => all.length === 1 && all[0]!.code === 'config.fileMissing');
      renameSync(`${labels}.away`, labels);
      await client.filesChanged(labels);
      await client.diagnosed(uri, 'no diagnostics again', (all) => all.length === 0);
    });

    it('reads the header of a damaged file, in the words of the engine', async () => {
      const images = path.join(folder, 'data/t10k-images-idx3-ubyte');
      const bytes = readFileSync(images);
      writeFileSync(images, bytes.subarray(0, 1000));
      await client.filesChanged(images);
      const [found] = await client.diagnosed(
        uri,
        'a truncated file',
        (all) => all.length === 1 && all[0]!.code === 'config.dataUnreadable',
      );
      assert.match(String(found!.message), /ends too early/);
      writeFileSync(images, bytes);
      await client.filesChanged(images);
      await client.diagnosed(uri, 'no diagnostics again', (all) => all.length === 0);
    });

    it('takes its diagnostics away when it is closed', async () => {
      await edit(demoConfig('"seed": -1'));
      await client.diagnosed(uri, 'a fault', (all) => all.length === 1);
      await client.close(uri);
      await client.diagnosed(uri, 'nothing', (all) => all.length === 0);
    });

    it('respects the settings for hints and lenses', async () => {
      uri = await client.open(config);
      client.settings = { inlayHints: { enabled: false }, codeLens: { enabled: false } };
      await client.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
      assert.deepEqual(await client.at('textDocument/codeLens', uri), []);
      assert.deepEqual(await client.at('textDocument/inlayHint', uri, WHOLE), []);
      client.settings = {};
      await client.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
      assert.equal((await client.at<CodeLens[]>('textDocument/codeLens', uri)).length, 3);
      await client.close(uri);
    });
  });

  describe('on a model.json', () => {
    it('shows what would be pruned, as the config beside it says', async () => {
      const uri = await client.open(path.join(folder, 'model.json'), undefined, 'json');
      await client.diagnosed(uri, 'a look at it', () => true);
      const lenses = await client.at<CodeLens[]>('textDocument/codeLens', uri);
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
        [[uriOf(config)], [uriOf(config), { layer: 'dense_1' }], [uriOf(config)]],
      );
      await client.close(uri);
    });

    it('counts the units that the config names', async () => {
      const uri = await client.open(path.join(folder, 'model.json'), undefined, 'json');
      const named = await client.open(config, demoConfig('"prune": { "units": [3, 90] }'));
      await client.diagnosed(named, 'no diagnostics', (found) => found.length === 0);
      const lenses = await client.at<CodeLens[]>('textDocument/codeLens', uri);
      assert.equal(
        lenses[1]?.command?.title,
        'Fine-Prune would prune 2 of 128 neurons of dense_1, those that the config names',
      );
      await client.close(named);
      await client.close(uri);
    });

    it('leaves other files of that name alone', async () => {
      for (const text of [
        '{ "format": "graph-model", "modelTopology": {} }',
        '{ "name": "a data model" }',
        '',
        '[1, 2',
      ]) {
        const uri = await client.open(path.join(folder, 'sub', 'model.json'), text, 'json');
        assert.deepEqual(await client.at('textDocument/codeLens', uri), []);
        assert.equal(await client.at('textDocument/hover', uri, { position: { line: 0, character: 3 } }), null);
        await client.close(uri);
      }
    });

    it('answers for one of 10 MB in one line', async () => {
      const json = JSON.parse(readFileSync(path.join(folder, 'model.json'), 'utf8')) as {
        userDefinedMetadata?: unknown;
      };
      json.userDefinedMetadata = Array.from({ length: 400_000 }, (_, i) => ({ name: `n${i}`, v: i }));
      const text = JSON.stringify(json);
      assert.ok(text.length > 10_000_000 && !text.includes('\n'));
      const start = performance.now();
      const uri = await client.open(path.join(folder, 'large', 'model.json'), text, 'json');
      const small = await client.open(config);
      await client.at('textDocument/codeLens', small);
      // What is asked of other files meanwhile does not wait for it.
      let lenses: CodeLens[] = [];
      const others = await latencies(
        async () => void (await client.at('textDocument/codeLens', small)),
        () => lenses.length > 0 || performance.now() - start > 30_000,
        async () => {
          lenses = await client.at<CodeLens[]>('textDocument/codeLens', uri);
        },
      );
      const first = performance.now() - start;
      assert.equal(lenses.at(-2)?.command?.title, 'Fine-Prune would prune 25 of 128 neurons of dense_1');
      const range = lenses.at(-2)!.range;
      assert.equal(text.slice(range.start.character, range.end.character), '"dense_1"');
      const again = performance.now();
      const hover = await client.at<Hover>('textDocument/hover', uri, {
        position: { line: 0, character: range.start.character + 3 },
      });
      assert.match((hover.contents as MarkupContent).value, /128 neurons/);
      const second = performance.now() - again;
      console.log(
        `      lenses after ${first.toFixed(0)} ms, then ${second.toFixed(1)} ms; other files meanwhile: ${latencyWords(others)}`,
      );
      assert.ok(second < 500 && others[others.length >> 1]! < 50, `${second} ms, ${others.join()}`);
      await client.close(small);
      await client.close(uri);
    });
  });

  describe('asked by the client', () => {
    it('tells what a new config needs: the model, the config that exists, and data that fit', async () => {
      const found = await client.connection.sendRequest<PrepareResult>(PREPARE_REQUEST, {
        modelUri: uriOf(path.join(folder, 'model.json')),
      });
      assert.equal(found.existingConfigUri, uriOf(config));
      assert.deepEqual(found.model, { inputShape: [28, 28, 1], classes: 10, layer: 'dense_1', units: 128 });
      assert.deepEqual(found.dataSets, [
        {
          label: 'data · 400 training, 300 test images',
          train: { images: 'data/train-images-idx3-ubyte', labels: 'data/train-labels-idx1-ubyte' },
          test: { images: 'data/t10k-images-idx3-ubyte', labels: 'data/t10k-labels-idx1-ubyte' },
        },
      ]);
    });

    it('finds the config of a model also when its text is broken', async () => {
      const text = readFileSync(config, 'utf8');
      writeFileSync(config, text.replace('"data":', '"data"'));
      try {
        const found = await client.connection.sendRequest<PrepareResult>(PREPARE_REQUEST, {
          modelUri: uriOf(path.join(folder, 'model.json')),
        });
        assert.equal(found.existingConfigUri, uriOf(config));
      } finally {
        writeFileSync(config, text);
      }
    });

    it('says why a model cannot be defended', async () => {
      const file = path.join(folder, 'broken.json');
      writeFileSync(file, '{ "format": "layers-model" }');
      const found = await client.connection.sendRequest<PrepareResult>(PREPARE_REQUEST, { modelUri: uriOf(file) });
      assert.equal(found.model, null);
      assert.equal(found.failure?.kind, 'input');
      rmSync(file);
    });

    it('writes the text of a config that has no fault', async () => {
      const text = await client.connection.sendRequest<string>(CONFIG_TEXT_REQUEST, {
        model: 'model.json',
        train: { images: 'data/train-images-idx3-ubyte', labels: 'data/train-labels-idx1-ubyte' },
        test: { images: 'data/t10k-images-idx3-ubyte', labels: 'data/t10k-labels-idx1-ubyte' },
        trigger: { kind: 'patch', target: 3 },
      });
      const uri = await client.open(path.join(folder, 'new.fineprune.json'), text);
      await client.diagnosed(uri, 'no diagnostics', (found) => found.length === 0);
      await client.close(uri);
    });

    it('tells the state of the native engine', async () => {
      const status = await client.connection.sendRequest<EngineStatus>(ENGINE_STATUS_REQUEST);
      assert.equal(typeof status.native.installed, 'boolean');
      assert.ok(status.native.why);
      assert.ok(status.native.installed || status.plan || status.planFailure);
    });
  });

  describe('in a workspace that is not trusted', () => {
    it('reads and diagnoses, refuses to run with the reason, and runs once trust is granted', async () => {
      const careful = await LanguageClient.start([temp.dir], { trusted: false });
      try {
        const uri = await careful.open(config, demoConfig('"seed": -1'));
        await careful.diagnosed(uri, 'a fault', (found) => found.length === 1);
        const refused = await careful.connection.sendRequest<RunResult>(RUN_REQUEST, { configUri: uri });
        assert.ok(
          !refused.ok && refused.failure.code === 'run.untrusted' && /not trusted/.test(refused.failure.message),
        );
        assert.equal(careful.diagnostics.get(uri)?.length, 1);
        await careful.connection.sendNotification(TRUSTED_NOTIFICATION);
        const missing = await careful.connection.sendRequest<RunResult>(RUN_REQUEST, {
          configUri: uriOf(path.join(folder, 'none.fineprune.json')),
        });
        assert.ok(!missing.ok && missing.failure.code !== 'run.untrusted');
      } finally {
        await careful.stop();
      }
    });
  });

  describe('in several folders', () => {
    it('reads data from every folder of the workspace, and beyond them from those that the settings name', async () => {
      const [one, two, three] = [path.join(temp.dir, 'one'), path.join(temp.dir, 'two'), path.join(temp.dir, 'three')];
      const file = await makeDemo(one);
      mkdirSync(two);
      mkdirSync(three);
      renameSync(path.join(path.dirname(file), 'data'), path.join(three, 'data'));
      const text = demoConfig().replaceAll('data/', '../../three/data/');
      const several = await LanguageClient.start([one, two]);
      try {
        const uri = await several.open(file, text);
        await several.diagnosed(
          uri,
          'four files outside',
          (found) => found.length === 4 && found.every(({ code }) => code === 'config.fileOutside'),
        );
        several.settings = { dataFolders: [three] };
        await several.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
        await several.diagnosed(uri, 'no diagnostics', (found) => found.length === 0);
      } finally {
        await several.stop();
      }
    });

    it('needs no setting for data in another folder of the workspace', async () => {
      const [one, two] = [path.join(temp.dir, 'first'), path.join(temp.dir, 'second')];
      const file = await makeDemo(one);
      mkdirSync(two);
      renameSync(path.join(path.dirname(file), 'data'), path.join(two, 'data'));
      const several = await LanguageClient.start([one, two]);
      try {
        const uri = await several.open(file, demoConfig().replaceAll('data/', '../../second/data/'));
        await several.diagnosed(uri, 'no diagnostics', (found) => found.length === 0);
      } finally {
        await several.stop();
      }
    });

    it('works in a workspace that is reached through a link', async () => {
      const link = path.join(temp.dir, 'link');
      symlinkSync(folder, link, 'dir');
      const linked = await LanguageClient.start([link]);
      try {
        const uri = await linked.open(path.join(link, 'demo.fineprune.json'));
        await linked.diagnosed(uri, 'no diagnostics', (found) => found.length === 0);
        const model = await linked.open(path.join(link, 'model.json'), undefined, 'json');
        await linked.diagnosed(model, 'a look at it', () => true);
        const lenses = await linked.at<CodeLens[]>('textDocument/codeLens', model);
        assert.deepEqual(lenses.at(-2)?.command?.arguments, [uri, { layer: 'dense_1' }]);
      } finally {
        await linked.stop();
        rmSync(link);
      }
    });
  });
});
