import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { CodeLens } from 'vscode-languageserver-protocol';
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
import { demoConfig, makeDemo } from '../demo-folder';
import { LanguageClient, uriOf } from '../language-client';
import { DemoServer } from './server-support';

describe('language server', function () {
  this.timeout(60_000);
  const server = new DemoServer('fp-server-');

  describe('asked by the client', () => {
    it('tells what a new config needs: the model, the config that exists, and data that fit', async () => {
      const found = await server.client.connection.sendRequest<PrepareResult>(PREPARE_REQUEST, {
        modelUri: uriOf(path.join(server.folder, 'model.json')),
      });
      assert.equal(found.existingConfigUri, uriOf(server.config));
      assert.deepEqual(found.model, { inputShape: [28, 28, 1], classes: 10, layer: 'dense_1', units: 128 });
      assert.deepEqual(found.dataSets, [
        {
          label: 'data · 400 training, 300 test images',
          train: { format: 'idx', images: 'data/train-images-idx3-ubyte', labels: 'data/train-labels-idx1-ubyte' },
          test: { format: 'idx', images: 'data/t10k-images-idx3-ubyte', labels: 'data/t10k-labels-idx1-ubyte' },
        },
      ]);
    });

    it('finds the config of a model also when its text is broken', async () => {
      const text = readFileSync(server.config, 'utf8');
      writeFileSync(server.config, text.replace('"data":', '"data"'));
      try {
        const found = await server.client.connection.sendRequest<PrepareResult>(PREPARE_REQUEST, {
          modelUri: uriOf(path.join(server.folder, 'model.json')),
        });
        assert.equal(found.existingConfigUri, uriOf(server.config));
      } finally {
        writeFileSync(server.config, text);
      }
    });

    it('says why a model cannot be defended', async () => {
      const file = path.join(server.folder, 'broken.json');
      writeFileSync(file, '{ "format": "layers-model" }');
      const found = await server.client.connection.sendRequest<PrepareResult>(PREPARE_REQUEST, {
        modelUri: uriOf(file),
      });
      assert.equal(found.model, null);
      assert.equal(found.failure?.kind, 'input');
      rmSync(file);
    });

    it('writes the text of a config that has no fault', async () => {
      const text = await server.client.connection.sendRequest<string>(CONFIG_TEXT_REQUEST, {
        model: 'model.json',
        train: { format: 'idx', images: 'data/train-images-idx3-ubyte', labels: 'data/train-labels-idx1-ubyte' },
        test: { format: 'idx', images: 'data/t10k-images-idx3-ubyte', labels: 'data/t10k-labels-idx1-ubyte' },
        trigger: { kind: 'patch', target: 3 },
      });
      const uri = await server.client.open(path.join(server.folder, 'new.fineprune.json'), text);
      await server.client.diagnosed(uri, 'no diagnostics', (found) => found.length === 0);
      await server.client.close(uri);
    });

    it('tells the state of the native engine', async () => {
      const status = await server.client.connection.sendRequest<EngineStatus>(ENGINE_STATUS_REQUEST);
      assert.equal(typeof status.native.installed, 'boolean');
      assert.ok(status.native.why);
      assert.ok(status.native.installed || status.plan || status.planFailure);
    });
  });

  describe('in a workspace that is not trusted', () => {
    it('reads and diagnoses, refuses to run with the reason, and runs once trust is granted', async () => {
      const careful = await LanguageClient.start([server.dir], { trusted: false });
      try {
        const uri = await careful.open(server.config, demoConfig('"seed": -1'));
        await careful.diagnosed(uri, 'a fault', (found) => found.length === 1);
        const refused = await careful.connection.sendRequest<RunResult>(RUN_REQUEST, { configUri: uri });
        assert.ok(
          !refused.ok && refused.failure.code === 'run.untrusted' && /not trusted/.test(refused.failure.message),
        );
        assert.equal(careful.diagnostics.get(uri)?.length, 1);
        await careful.connection.sendNotification(TRUSTED_NOTIFICATION);
        const missing = await careful.connection.sendRequest<RunResult>(RUN_REQUEST, {
          configUri: uriOf(path.join(server.folder, 'none.fineprune.json')),
        });
        assert.ok(!missing.ok && missing.failure.code !== 'run.untrusted');
      } finally {
        await careful.stop();
      }
    });
  });

  describe('in several folders', () => {
    it('reads data from every folder of the workspace, and beyond them from those that the settings name', async () => {
      const [one, two, three] = [
        path.join(server.dir, 'one'),
        path.join(server.dir, 'two'),
        path.join(server.dir, 'three'),
      ];
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
      const [one, two] = [path.join(server.dir, 'first'), path.join(server.dir, 'second')];
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
      const link = path.join(server.dir, 'link');
      symlinkSync(server.folder, link, 'dir');
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
