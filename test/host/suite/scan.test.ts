import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { FinishedScan } from '../../../client/commands/scan';
import { suspectedClasses, type ScanReport } from '../../../server/protocol/report/scan';
import { waitFor } from '../../harness/poll';
import { closeEditors, configText, demoFolder, diagnosticsWhen, extension, lensTitles, open } from './demo';
import { allowed } from '../../harness/busy';

const scan = (...args: unknown[]): Thenable<FinishedScan[]> =>
  vscode.commands.executeCommand<FinishedScan[]>('finePrune.scan', ...args);
const isWarning = ({ code }: vscode.Diagnostic): boolean => code === 'scan.suspicious';
const written = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => /\.scan\.json|\.lock|tmp/.test(name));

describe('Scan for Backdoors', function () {
  this.timeout(300_000);
  before(extension);
  afterEach(closeEditors);

  it('is cancelled within two seconds, and leaves nothing', async () => {
    const { folder, config } = await demoFolder('scan-cancelled', configText());
    const finished = scan(config);
    const document = await open(config);
    await waitFor(
      'the search to have begun',
      async () =>
        (await lensTitles(document.uri)).some((title) => /trigger for each class/.test(title) && title.includes('%')),
      { deadlineMs: 60_000 },
    );
    assert.deepEqual((await extension()).exports.activeRuns(), ['scan-cancelled']);
    const asked = Date.now();
    await vscode.commands.executeCommand('finePrune.cancel');
    const [one] = await finished;
    assert.ok(Date.now() - asked < allowed(2_000), `it took ${Date.now() - asked} ms`);
    assert.equal(one?.result?.ok, false);
    assert.equal(one.result.failure.kind, 'cancelled');
    assert.deepEqual(await written(folder), []);
  });

  it('finds the backdoor of a model: result on the disk, in Problems, lens and hover; a quick fix and Repair write the config, and undo takes that back', async () => {
    const { folder, model, config } = await demoFolder(
      'scanned',
      configText('"prune": { "ratio": 0.2 }').replace('"trigger": { "kind": "patch", "target": 0 }', '"trigger": null'),
      { small: true },
    );
    const [finished] = await scan(model);
    assert.ok(finished?.result?.ok, JSON.stringify(finished?.result));
    assert.equal(finished.uri, config.toString());
    const { report, file } = finished.result.outcome;
    assert.deepEqual([report.scan.word, suspectedClasses(report.scan)], ['suspicious', [0]]);
    assert.equal(file, path.join(folder, 'scanned.scan.json'));
    assert.deepEqual(JSON.parse(await readFile(file, 'utf8')) as ScanReport, report);

    const modelDocument = await open(model);
    const [warning] = (await diagnosticsWhen(model, 'the warning', (all) => all.some(isWarning))).filter(isWarning);
    assert.equal(modelDocument.getText(warning!.range), '"dense_2"');
    assert.equal(warning!.severity, vscode.DiagnosticSeverity.Warning);
    assert.equal(warning!.relatedInformation?.[0]?.location.uri.fsPath, file);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      model,
      warning!.range.start.translate(0, 2),
    );
    assert.ok(
      hovers.some(({ contents }) =>
        contents.some((one) => (one as vscode.MarkdownString).value.includes('data:image/png;base64,')),
      ),
      'no hover has a picture',
    );

    const document = await open(config);
    const before = document.getText();
    await waitFor('the lens', async () =>
      (await lensTitles(config)).some((title) => title.startsWith('Suspicious: class 0 · clean accuracy 9')),
    );
    const [atTrigger] = (await diagnosticsWhen(config, 'the warning', (all) => all.some(isWarning))).filter(isWarning);
    assert.equal(document.getText(atTrigger!.range), 'null');
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      config,
      atTrigger!.range,
    );
    const use = actions.find(({ title }) => title === 'Use the estimated trigger');
    assert.ok(use?.edit, actions.map(({ title }) => title).join());
    await vscode.workspace.applyEdit(use.edit);
    assert.match(document.getText(), /"trigger": "inverted"/);
    await vscode.commands.executeCommand('undo');
    assert.equal(document.getText(), before);

    await vscode.commands.executeCommand('finePrune.repair', model);
    assert.match(document.getText(), /"trigger": "inverted",\n {2}"strategy": "auto"/);
    assert.equal(document.isDirty, true);
    await vscode.commands.executeCommand('undo');
    assert.equal(document.getText(), before);

    await vscode.commands.executeCommand('finePrune.openScan', model);
    const editor = vscode.window.activeTextEditor;
    assert.equal(editor?.document.uri.fsPath, file);
    assert.equal(editor.document.getText(editor.selection), JSON.stringify(report.scan.sentence));
    await diagnosticsWhen(
      editor.document.uri,
      'the warning in the result itself',
      (all) => all.length === 1 && all.every(isWarning),
    );
  });

  it('asks a model without a config for clean images only, and writes no config', async () => {
    const { folder, model } = await demoFolder('scan-alone', undefined, { small: true });
    const finished = scan(model);
    // The first answer of the one question: the data nearest to the model. The same bytes were scanned above.
    await waitFor(
      'the result',
      async () => {
        await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
        return (await written(folder)).includes('scan-alone.scan.json');
      },
      { deadlineMs: 240_000, intervalMs: 500 },
    );
    const [one] = await finished;
    assert.ok(one?.result?.ok, JSON.stringify(one?.result));
    assert.deepEqual(suspectedClasses(one.result.outcome.report.scan), [0]);
    assert.deepEqual((await readdir(folder)).sort(), ['data', 'model.json', 'scan-alone.scan.json', 'weights.bin']);
    await diagnosticsWhen(model, 'the warning at the model', (all) => all.some(isWarning));
  });
});
