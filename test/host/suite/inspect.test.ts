import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import * as vscode from 'vscode';
import { writeChoice } from '../../../client/config/edits';
import type { FinePruneApi } from '../../../client/extension';
import { waitFor } from '../../harness/poll';
import { closeEditors, configText, demoFolder, extension, open } from './demo';

const ANSWER_MS = 60_000;
const inspect = (...args: unknown[]): Thenable<unknown> => vscode.commands.executeCommand('finePrune.inspect', ...args);

/** Tabs that show inspectors: what they are called and whether they are in front, with the column they are in. */
const tabs = (): [label: string, isActive: boolean, column: vscode.ViewColumn][] =>
  vscode.window.tabGroups.all.flatMap(({ tabs: all, viewColumn }) =>
    all
      .filter(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith('finePrune.inspector'))
      .map(({ label, isActive }) => [label, isActive, viewColumn] as [string, boolean, number]),
  );
const labels = (): string[] => tabs().map(([label]) => label);

type Inspector = ReturnType<FinePruneApi['inspectors']>[number];

/** Waits until the page in the inspector of a config has been told something. */
async function inspectorWhen(
  config: vscode.Uri,
  what: string,
  wanted: (inspector: Inspector) => boolean,
): Promise<Inspector> {
  const { exports: api } = await extension();
  return await waitFor(
    `an inspector: ${what}`,
    () => api.inspectors().find((one) => one.configUri === config.toString() && wanted(one)),
    { deadlineMs: ANSWER_MS },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; there is ${JSON.stringify(api.inspectors())}`);
  });
}

// Panels stay open from test to test: VS Code lets a new webview wait for up to 30 s when one was closed while it still loaded something.
describe('Inspect Neuron Activations', function () {
  this.timeout(2 * ANSWER_MS);
  before(async () => {
    await extension();
    await closeEditors();
  });
  after(async () => {
    await closeEditors();
    const { exports: api } = await extension();
    await waitFor('the inspectors to be closed', () => api.inspectors().length === 0);
  });

  it('opens one panel beside the editor, whose page asks for model and layer, and leads back to it', async () => {
    const { config, model } = await demoFolder('inspect', configText());
    await open(config);
    await inspect(config);
    await inspectorWhen(
      config,
      'its layer',
      ({ ready, answered }) => ready && answered.includes('open') && answered.includes('layer'),
    );
    assert.deepEqual(tabs(), [['Inspect: inspect', true, vscode.ViewColumn.Two]]);

    await open(config);
    await inspect(model);
    await inspect(config.toString(), { layer: 'conv2d' });
    const { exports: api } = await extension();
    assert.deepEqual(
      api.inspectors().map(({ configUri }) => configUri),
      [config.toString()],
    );
    assert.deepEqual(labels(), ['Inspect: inspect']);
  });

  it('has a panel for each config, also for the one that a report belongs to', async () => {
    const { config } = await demoFolder('inspect-two', configText());
    await inspect(config.with({ path: config.path.replace('.fineprune.json', '.defense.json') }));
    await inspectorWhen(config, 'its layer', ({ answered }) => answered.includes('layer'));
    assert.deepEqual(labels().sort(), ['Inspect: inspect', 'Inspect: inspect-two']);
  });

  it('tells the page, and nobody else, that a config is gone', async () => {
    const { config } = await demoFolder('inspect-gone');
    await inspect(config);
    const { refused, answered } = await inspectorWhen(config, 'a refusal', (one) => one.refused.length > 0);
    assert.match(refused[0] ?? '', /^config\./);
    assert.deepEqual(answered, []);
  });

  it('opens nothing for a report without its config, nor for a file that is neither', async () => {
    const { config, model } = await demoFolder('inspect-nothing');
    const before = labels();
    await inspect(config.with({ path: config.path.replace('.fineprune.json', '.defense.json') }));
    await inspect(model.with({ path: model.path.replace('model.json', 'weights.bin') }));
    assert.deepEqual(labels(), before);
  });

  it('outlives a server that is killed: the page is told, asks again and is answered', async () => {
    const { config } = await demoFolder('inspect-killed', configText());
    const { exports: api } = await extension();
    await inspect(config);
    const { answered } = await inspectorWhen(config, 'its layer', (one) => one.answered.includes('layer'));
    const before = answered.length;
    const pid = api.serverPid();
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await waitFor('another server', () => api.serverPid() !== pid && api.serverPid());
    await inspectorWhen(config, 'its model again', (one) => one.answered.slice(before).includes('open'));
  });
});

describe('a choice written into a config', function () {
  before(extension);
  afterEach(async () => {
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await closeEditors();
  });

  it('is one edit of an open config, unsaved, that undo takes back', async () => {
    const text = configText('"prune": { "ratio": 0.2 } // the reference');
    const { config } = await demoFolder('write-ratio', text);
    const document = await open(config);
    const told = await writeChoice(config, { layer: 'dense_1', count: 40, units: 128 }, 'dense_1');
    assert.equal(
      told,
      'Wrote prune.ratio 0.32 (40 of 128) to write-ratio.fineprune.json. The file has unsaved changes; Undo reverts this.',
    );
    assert.equal(document.getText(), text.replace('0.2 }', '0.32 }'));
    assert.equal(document.isDirty, true);
    assert.equal(await readFile(config.fsPath, 'utf8'), text);
    await vscode.commands.executeCommand('undo');
    await waitFor('the text as it was', () => document.getText() === text);
  });

  it('names units and layer', async () => {
    const text = configText('"prune": { "ratio": 0.2 } // the reference');
    const { config } = await demoFolder('write-units', text);
    const document = await open(config);
    await writeChoice(config, { layer: 'conv2d', units: [17, 3] }, 'dense_1');
    assert.equal(
      document.getText(),
      text.replace('"ratio": 0.2 } // the reference', '"units": [3, 17] }, // the reference\n  "layer": "conv2d"'),
    );
  });

  it('is saved where nobody has the config open', async () => {
    const text = configText('"prune": { "ratio": 0.2 }');
    const { config } = await demoFolder('write-closed', text);
    const told = await writeChoice(config, { layer: 'dense_1', count: 64, units: 128 }, 'dense_1');
    assert.equal(told, 'Wrote prune.ratio 0.5 (64 of 128) to write-closed.fineprune.json and saved it.');
    assert.equal(await readFile(config.fsPath, 'utf8'), text.replace('0.2', '0.5'));
  });

  it('is refused where the config is broken or gone', async () => {
    const { config } = await demoFolder('write-broken', '{ "model": ');
    await assert.rejects(writeChoice(config, { layer: 'dense_1', units: [3] }, 'dense_1'), {
      code: 'config.syntax',
      file: config.fsPath,
    });
    assert.equal(await readFile(config.fsPath, 'utf8'), '{ "model": ');
    await rm(config.fsPath);
    const gone = await demoFolder('write-gone');
    await assert.rejects(writeChoice(gone.config, { layer: 'dense_1', units: [3] }, 'dense_1'), {
      code: 'config.notReadable',
    });
  });
});
