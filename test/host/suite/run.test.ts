import assert from 'node:assert/strict';
import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { FinishedRun } from '../../../client/commands/run';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { waitFor } from '../../harness/poll';
import { closeEditors, configText, demoFolder, diagnosticsWhen, extension, lensTitles, open } from './demo';
import { allowed } from '../../harness/busy';

const RUN_MS = 120_000;
/** Enough fine-tuning that a run is surely still going on when it is cancelled. */
const LONG = configText('"fineTune": { "epochs": 1000 }');
const run = (...args: unknown[]): Thenable<FinishedRun[]> =>
  vscode.commands.executeCommand<FinishedRun[]>('finePrune.run', ...args);
const written = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => /defen[sd]e|tmp/.test(name));

async function startLong(name: string): Promise<{ folder: string; finished: Thenable<FinishedRun[]> }> {
  const { folder, config } = await demoFolder(name, LONG);
  const finished = run(config);
  const document = await open(config);
  await waitFor(
    'the run to have begun',
    async () => (await lensTitles(document.uri)).some((title) => /fine-tun/i.test(title) && title.includes('%')),
    { deadlineMs: 60_000 },
  );
  return { folder, finished };
}

describe('Fine-Prune Model', function () {
  this.timeout(RUN_MS);
  before(extension);
  afterEach(closeEditors);

  it('runs a config: report and defended model on disk, the same value as result, lens and Problems', async () => {
    const { folder, config, model } = await demoFolder('whole-run', configText());
    const [finished] = await run(config);
    assert.ok(finished?.result?.ok, JSON.stringify(finished?.result));
    const { report, files } = finished.result.outcome;
    assert.equal(report.pruning.count, 25);
    assert.equal(report.stages.after.cleanAccuracy.of, 300);
    assert.deepEqual(JSON.parse(await readFile(files.report, 'utf8')) as DefenseReport, report);
    assert.equal(path.dirname(files.report), folder);
    assert.equal(
      (await stat(path.join(folder, 'whole-run.defended', 'weights.bin'))).size,
      (await stat(path.join(folder, 'weights.bin'))).size,
    );

    await open(model);
    const all = await diagnosticsWhen(model, 'the pruned neurons', (found) =>
      found.some(({ message }) => message.includes('25 of 128 neurons')),
    );
    const verdict = all.find(({ message }) => message.toLowerCase().startsWith(report.verdict.word));
    assert.ok(verdict, 'the verdict is not among the diagnostics of the model');
    await open(config);
    await waitFor('the lens of the last result', async () =>
      (await lensTitles(config)).some((title) => title.toLowerCase().includes(report.verdict.word)),
    );

    await vscode.commands.executeCommand('finePrune.openReport', model);
    assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, files.report);
  });

  it('takes the config that belongs to a model, and one run for both when both are selected', async () => {
    const { model, config } = await demoFolder('by-model', configText());
    const finished = await run(model, [model, config]);
    assert.deepEqual(
      finished.map(({ configUri }) => configUri),
      [config.toString()],
    );
    assert.ok(finished[0]?.result?.ok, JSON.stringify(finished[0]?.result));
  });

  it('queues several selected files, and all of them end', async () => {
    const one = await demoFolder('queue-one', configText());
    const two = await demoFolder('queue-two', configText('"fineTune": { "epochs": 0 }'));
    const pending = run(one.config, [one.config, two.config]);
    const { exports: api } = await extension();
    await waitFor('both to be on their way', () => api.activeRuns().length === 2);
    const finished = await pending;
    assert.deepEqual(
      finished.map(({ result }) => result?.ok),
      [true, true],
    );
    assert.deepEqual(api.activeRuns(), []);
  });

  it('starts a config once, however often it is asked to meanwhile', async () => {
    const { config } = await demoFolder('twice', configText('"fineTune": { "epochs": 0 }'));
    const all = await Promise.all([run(config), run(config)]);
    assert.deepEqual(all.map((finished) => finished.length).sort(), [0, 1]);
    assert.equal(all.flat()[0]?.result?.ok, true);
  });

  it('saves what is seen before it runs it', async () => {
    const { config } = await demoFolder('dirty', configText('"fineTune": { "epochs": 1 }'));
    const document = await open(config);
    const edit = new vscode.WorkspaceEdit();
    const at = document.getText().indexOf('"epochs": 1');
    edit.replace(
      config,
      new vscode.Range(document.positionAt(at), document.positionAt(at + '"epochs": 1'.length)),
      '"epochs": 0',
    );
    await vscode.workspace.applyEdit(edit);
    assert.equal(document.isDirty, true);
    const [finished] = await run(config);
    assert.ok(finished?.result?.ok, JSON.stringify(finished?.result));
    assert.equal(finished.result.outcome.report.fineTuning.epochs, 0);
  });

  it('is cancelled within two seconds, and leaves nothing', async () => {
    const { folder, finished } = await startLong('cancelled');
    const asked = Date.now();
    await vscode.commands.executeCommand('finePrune.cancel');
    const [one] = await finished;
    const took = Date.now() - asked;
    assert.equal(one?.result?.ok, false);
    assert.equal(one.result.failure.kind, 'cancelled');
    assert.ok(took < allowed(2_000), `it took ${took} ms`);
    assert.deepEqual(await written(folder), []);
  });

  it('tells what is wrong with the data in the config, where the data is named', async () => {
    const { folder, config } = await demoFolder('bad-data', configText());
    await vscode.workspace.fs.writeFile(
      vscode.Uri.file(path.join(folder, 'data', 'train-labels-idx1-ubyte.gz')),
      Buffer.from('no gzip'),
    );
    const [finished] = await run(config);
    assert.equal(finished?.result?.ok, false);
    assert.equal(finished.result.failure.kind, 'input');
    assert.match(finished.result.failure.file ?? '', /train-labels/);
    const document = await open(config);
    const [diagnostic] = await diagnosticsWhen(config, 'the labels', (all) => all.length > 0);
    assert.ok(
      diagnostic && document.getText(diagnostic.range).includes('train-labels'),
      `it stands at ${diagnostic && document.getText(diagnostic.range)}`,
    );
    assert.deepEqual(await written(folder), []);
  });

  it('outlives a server that is killed during a run', async () => {
    const { exports: api } = await extension();
    const { folder, finished } = await startLong('killed');
    const pid = api.serverPid();
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    const [one] = await finished;
    assert.equal(one?.result, undefined);
    assert.deepEqual(api.activeRuns(), []);
    await waitFor('another server', () => api.serverPid() !== pid && api.serverPid());
    const again = await demoFolder('after-kill', configText('"fineTune": { "epochs": 0 }'));
    const [after] = await run(again.config);
    assert.ok(after?.result?.ok, JSON.stringify(after?.result));
    assert.deepEqual(await written(folder), []);
  });
});

describe('Fine-Prune Model without a config', function () {
  this.timeout(RUN_MS);
  before(extension);
  afterEach(closeEditors);
  const configs = async (folder: string): Promise<string[]> =>
    (await readdir(folder)).filter((name) => name.endsWith('.fineprune.json'));

  it('leaves nothing when a question is cancelled', async () => {
    const { folder, model } = await demoFolder('asked-cancelled');
    let over = false;
    const finished = Promise.resolve(run(model)).finally(() => (over = true));
    await waitFor('the question to be closed', async () => {
      await vscode.commands.executeCommand('workbench.action.closeQuickOpen');
      return over;
    });
    assert.deepEqual(await finished, []);
    assert.deepEqual(await configs(folder), []);
  });

  it('makes one next to the model from the answers, opens it and runs it', async () => {
    const { folder, model } = await demoFolder('asked');
    const finished = run(model);
    // Every question's first answer: the data nearest to the model, and no known trigger.
    const [name] = await waitFor(
      'the config',
      async () => {
        const made = await configs(folder);
        if (made.length > 0) return made;
        await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
        return undefined;
      },
      { deadlineMs: 30_000, intervalMs: 300 },
    );
    assert.equal(name, 'asked.fineprune.json');
    await waitFor(
      'the config in an editor',
      () => vscode.window.activeTextEditor?.document.uri.fsPath === path.join(folder, 'asked.fineprune.json'),
    );
    const [one] = await finished;
    assert.ok(one?.result?.ok, JSON.stringify(one?.result));
    assert.equal(one.result.outcome.report.verdict.word, 'not measurable');
    assert.equal(one.result.outcome.report.data.test.images, 300);
  });
});
