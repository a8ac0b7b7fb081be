import { suspectedClasses } from '../../../server/protocol/report/scan';
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { CodeAction } from 'vscode-languageserver-protocol/node';
import { makeDemo } from '../demo-folder';
import { uriOf } from '../language-client';
import { ScanServer } from './scan-support';

/** The model of a small backdoored network, scanned with images that the client names. */
describe('scans through the language server of a model without a config', function () {
  this.timeout(240_000);
  const server = new ScanServer('fp-scan-alone-');
  let folder: string;
  let alone: string;
  before(() => {
    folder = path.join(server.dir, 'alone');
    mkdirSync(folder);
    for (const name of ['model.json', 'weights.bin'])
      copyFileSync(path.join(path.dirname(server.config), name), path.join(folder, name));
    alone = path.join(folder, 'model.json');
  });
  const clean = () => {
    const relative = (name: string): string =>
      path.relative(folder, path.join(path.dirname(server.config), 'data', name));
    return {
      format: 'idx' as const,
      images: relative('train-images-idx3-ubyte'),
      labels: relative('train-labels-idx1-ubyte'),
    };
  };

  it('needs clean data, and says so', async () => {
    const answer = await server.start('no-data', { uri: uriOf(alone) }).answer;
    assert.ok(!answer.ok);
    assert.deepEqual([answer.failure.kind, answer.failure.code], ['input', 'scan.noData']);
  });

  it('is scanned with those that are given: result beside it, warning on it, repair by a config to be made', async () => {
    const answer = await server.start('alone', { uri: uriOf(alone), clean: clean() }).answer;
    assert.ok(answer.ok, JSON.stringify(answer));
    assert.equal(answer.outcome.file, path.join(folder, 'alone.scan.json'));
    assert.deepEqual(suspectedClasses(answer.outcome.report.scan), [0]);
    const modelUri = uriOf(alone);
    const diagnostics = await server.client.diagnosed(
      modelUri,
      'the warning at the model that is not open',
      (found) => found.length === 1 && found[0]!.code === 'scan.suspicious',
    );
    await server.client.open(alone, undefined, 'json');
    await server.client.diagnosed(modelUri, 'the warning at the open model', (found) => found.length === 1);
    assert.match((await server.titles(modelUri))[1]!, /^Suspicious: class 0 · clean accuracy 9/);
    const actions = await server.client.at<CodeAction[]>('textDocument/codeAction', modelUri, {
      range: diagnostics[0]!.range,
      context: { diagnostics },
    });
    assert.deepEqual(
      actions.map(({ title, command }) => [title, command?.command, command?.arguments?.[0] as unknown]),
      [
        ['Repair …', 'finePrune.repair', modelUri],
        ['Inspect neurons', 'finePrune.inspect', modelUri],
      ],
    );
    await server.client.close(modelUri);
  });

  it('is refused data outside of the workspace, with a place to allow it', async () => {
    const outside = await makeDemo(path.join(folder, 'outside'), { train: 60, test: 60 });
    const answer = await server.start('outside', {
      uri: uriOf(alone),
      clean: {
        format: 'idx',
        images: '../../../etc/hostname',
        labels: path.relative(folder, path.join(path.dirname(outside), 'data', 'train-labels-idx1-ubyte')),
      },
    }).answer;
    assert.ok(!answer.ok);
    assert.equal(answer.failure.code, 'path.outside');
    assert.match(String(answer.failure.todo), /finePrune\.dataFolders/);
  });

  it('names no place in a config when the data do not do', async () => {
    const few = path.dirname(await makeDemo(path.join(folder, 'few'), { train: 20, test: 20 }));
    const data = (name: string): string => path.relative(folder, path.join(few, 'data', name));
    const answer = await server.start('few', {
      uri: uriOf(alone),
      clean: { format: 'idx', images: data('train-images-idx3-ubyte'), labels: data('train-labels-idx1-ubyte') },
    }).answer;
    assert.ok(!answer.ok);
    assert.deepEqual([answer.failure.code, answer.failure.place], ['scan.tooFewImages', undefined]);
  });
});
