import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import type { FinePruneApi } from '../../../client/extension';
import { readText } from '../../../client/git/read';
import { atMergeBase, atRevision, besideUri, labelOf } from '../../../client/git/revisions';
import { waitFor } from '../../harness/poll';
import { closeEditors, diagnosticsWhen, extension, lensTitles, workspaceRoot } from './demo';

const ANSWER_MS = 60_000;
const NAME = 'mnist-badnets';
const command = (id: string, ...args: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand(`finePrune.${id}`, ...args);

type Api = FinePruneApi;
type Comparison = ReturnType<Api['comparisons']>[number];

/** The example in a real git repository with one commit. */
async function repository(
  name: string,
): Promise<{ folder: string; report: vscode.Uri; model: vscode.Uri; git: (...args: string[]) => Promise<string> }> {
  const { extensionPath } = await extension();
  const folder = path.join(workspaceRoot(), name);
  await mkdir(folder, { recursive: true });
  for (const file of ['model.json', 'weights.bin', `${NAME}.fineprune.json`, `${NAME}.defense.json`])
    await copyFile(path.join(extensionPath, 'examples', NAME, file), path.join(folder, file));
  const git = async (...args: string[]): Promise<string> =>
    (
      await promisify(execFile)('git', ['-c', 'user.name=Ada Reviewer', '-c', 'user.email=ada@example.org', ...args], {
        cwd: folder,
      })
    ).stdout.trim();
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '.');
  await git('commit', '--quiet', '--message=base');
  return {
    folder,
    git,
    report: vscode.Uri.file(path.join(folder, `${NAME}.defense.json`)),
    model: vscode.Uri.file(path.join(folder, 'model.json')),
  };
}

/** Writes another report beside that one, of a run with other epochs. */
async function otherReport(report: vscode.Uri, file: vscode.Uri): Promise<void> {
  const text = await readFile(report.fsPath, 'utf8');
  const changed = text.replace(/"epochs": 2/g, '"epochs": 3');
  assert.notEqual(changed, text);
  await writeFile(file.fsPath, changed);
}

async function comparisonWhen(what: string, wanted: (one: Comparison) => boolean): Promise<Comparison> {
  const { exports: api } = await extension();
  return await waitFor(
    `a comparison: ${what}`,
    () => api.comparisons().find((one) => one.ready && one.shown !== undefined && wanted(one)),
    { deadlineMs: ANSWER_MS },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; there is ${JSON.stringify(api.comparisons())}`);
  });
}

async function reportWhen(uri: vscode.Uri, shown: 'view' | 'broken'): Promise<void> {
  const { exports: api } = await extension();
  await waitFor(
    `a rendered report: ${shown}`,
    () => api.reports().some((one) => one.uri === uri.toString() && one.ready && one.shown === shown),
    { deadlineMs: ANSWER_MS },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; there is ${JSON.stringify(api.reports())}`);
  });
}

const activeInput = (): unknown => vscode.window.tabGroups.activeTabGroup.activeTab?.input;

// Panels stay open from test to test: VS Code lets a new webview wait for up to 30 s when one was closed while it still loaded something.
describe('Review of a defense', function () {
  this.timeout(2 * ANSWER_MS);
  let repo: Awaited<ReturnType<typeof repository>>;
  let other: vscode.Uri;

  before(async () => {
    await extension();
    await closeEditors();
    repo = await repository('review');
    other = vscode.Uri.file(path.join(repo.folder, 'other.defense.json'));
    await otherReport(repo.report, other);
  });
  after(async () => {
    await vscode.workspace.getConfiguration('git').update('enabled', undefined, vscode.ConfigurationTarget.Workspace);
    await closeEditors();
    const { exports: api } = await extension();
    await waitFor('the panels to be closed', () => api.reports().length + api.comparisons().length === 0);
  });

  it('shows a report as text first, with its missed gate and the ways onward', async () => {
    await vscode.commands.executeCommand('vscode.open', repo.report);
    assert.ok(activeInput() instanceof vscode.TabInputText);
    const all = await diagnosticsWhen(repo.report, 'the missed gate', (found) =>
      found.some(({ code }) => code === 'gate.maxAttackSuccessRate'),
    );
    assert.equal(
      all.find(({ code }) => code === 'gate.maxAttackSuccessRate')!.severity,
      vscode.DiagnosticSeverity.Error,
    );
    await waitFor(
      'lenses',
      async () => (await lensTitles(repo.report)).join() === 'Open Report,Compare with …,Reproduce',
    );
  });

  it('opens the rendered report beside it, which follows the text', async () => {
    await command('viewReport', repo.report.toString());
    await reportWhen(repo.report, 'view');
    const input = activeInput();
    assert.ok(input instanceof vscode.TabInputCustom && input.viewType === 'finePrune.report');

    const document = await vscode.workspace.openTextDocument(repo.report);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(repo.report, new vscode.Position(0, 0), 'x');
    await vscode.workspace.applyEdit(edit);
    await reportWhen(repo.report, 'broken');
    const back = new vscode.WorkspaceEdit();
    back.delete(repo.report, new vscode.Range(0, 0, 0, 1));
    await vscode.workspace.applyEdit(back);
    await reportWhen(repo.report, 'view');
    await document.save();
  });

  it('compares two selected reports in one panel', async () => {
    const { exports: api } = await extension();
    for (let time = 0; time < 2; time++) {
      await command('compareReports', other, [repo.report, other]);
      await comparisonWhen(
        'two files',
        ({ base, head, shown }) =>
          base === repo.report.toString() && head === other.toString() && shown === 'comparison',
      );
    }
    assert.equal(api.comparisons().length, 1);
  });

  it('opens nothing where Git is disabled', async () => {
    const { exports: api } = await extension();
    const before = api.comparisons().length;
    await vscode.workspace.getConfiguration('git').update('enabled', false, vscode.ConfigurationTarget.Workspace);
    assert.equal(await command('compareReports', { resourceUri: repo.report }), undefined);
    assert.equal(api.comparisons().length, before);
  });

  it('compares HEAD with the working tree from the Source Control view, and a report that HEAD does not have', async () => {
    await writeFile(repo.report.fsPath, await readFile(other.fsPath));
    await gitSees(repo.report);
    await command('compareReports', { resourceUri: repo.report });
    const { base, head } = await comparisonWhen(
      'HEAD',
      (one) =>
        one.base?.startsWith('git:') === true && one.head === repo.report.toString() && one.shown === 'comparison',
    );
    assert.match(decodeURIComponent(base ?? ''), /"ref":"HEAD"/);
    assert.equal(head, repo.report.toString());
    // Beside the first, which would else be hidden while it still loads its font.
    await vscode.commands.executeCommand('workbench.action.newGroupRight');
    await command('compareReports', { resourceUri: other });
    await comparisonWhen(
      'an added report',
      (one) => one.base?.startsWith('git:') === true && one.head === other.toString() && one.shown === 'comparison',
    );
  });

  it('finds where a branch began, and what a revision is called', async () => {
    await gitSees(repo.report);
    await assert.rejects(atMergeBase(repo.report), { code: 'git.noMergeBase' });
    await assert.rejects(atRevision(repo.report, 'nowhere'), { code: 'git.noRevision' });
    const committed = await repo.git('show', `HEAD:./${NAME}.defense.json`);
    const commit = (await repo.git('rev-parse', 'HEAD')).slice(0, 8);
    await repo.git('checkout', '--quiet', '-b', 'feature');
    await repo.git('commit', '--quiet', '--all', '--message=a change');
    const base = await waitFor('the merge base', () => atMergeBase(repo.report), { deadlineMs: ANSWER_MS });
    assert.equal(base.label, `merge base with main (${commit})`);
    const uri = vscode.Uri.parse(base.uri, true);
    assert.deepEqual([labelOf(uri), (await readText(uri, 2 ** 20))?.trim()], [commit, committed]);
    const config = await readText(besideUri(uri, `${NAME}.fineprune.json`), 2 ** 20);
    assert.equal(config?.trim(), await repo.git('show', `main:./${NAME}.fineprune.json`));
    assert.equal(await readText(besideUri(uri, 'no-such.json'), 2 ** 20), null);
    await assert.rejects(readText(uri, 1000), { code: 'file.tooLarge' });
    assert.equal((await atRevision(repo.report, 'main')).label, `main (${commit})`);
  });

  it('takes both sides of a diff editor', async () => {
    const { exports: api } = await extension();
    await vscode.commands.executeCommand('vscode.diff', other, repo.report, 'a diff', { preview: false });
    await waitFor('the diff editor', () => activeInput() instanceof vscode.TabInputTextDiff);
    const before = api.comparisons().length;
    await command('compareReports', repo.report);
    await comparisonWhen('the diff', ({ base, head }) => base === other.toString() && head === repo.report.toString());
    assert.equal(api.comparisons().length, before + 1);
  });

  it('compares models as texts: of two files, and of HEAD with the working tree', async () => {
    const second = vscode.Uri.file(path.join(repo.folder, 'second', 'model.json'));
    await mkdir(path.dirname(second.fsPath));
    for (const file of ['model.json', 'weights.bin'])
      await copyFile(path.join(repo.folder, file), path.join(repo.folder, 'second', file));
    const weights = path.join(repo.folder, 'weights.bin');
    const bytes = await readFile(weights);
    bytes[4711]! ^= 1;
    await writeFile(weights, bytes);
    await gitSees(vscode.Uri.file(weights));

    for (const args of [[second, [repo.model, second]], [{ resourceUri: repo.model }]]) {
      await command('compareModels', ...args);
      const input = await waitFor('the diff', () => {
        const found = activeInput();
        return (
          found instanceof vscode.TabInputTextDiff &&
          found.original.scheme === 'fineprune-model' &&
          args.length > 1 === (found.modified.query === second.toString()) &&
          found
        );
      });
      const [base, head] = [
        await vscode.workspace.openTextDocument(input.original),
        await vscode.workspace.openTextDocument(input.modified),
      ].map((document) => document.getText().split('\n'));
      assert.ok(
        base!.includes('Layers') && base!.some((line) => line.startsWith('  dense_1  Dense  128')),
        base!.join('\n'),
      );
      assert.equal(base!.length, head!.length);
      assert.equal(
        base!.filter((line, at) => line !== head![at]).length,
        1,
        base!.filter((line, at) => line !== head![at]).join('\n'),
      );
    }
  });

  it('says in the text when a weight file is missing or lies outside of the folder', async () => {
    const folder = path.join(repo.folder, 'third');
    await mkdir(folder);
    const json = await readFile(repo.model.fsPath, 'utf8');
    await writeFile(path.join(folder, 'model.json'), json);
    await writeFile(path.join(folder, 'out-model.json'), json.replace('"weights.bin"', '"../weights.bin"'));
    const text = async (name: string): Promise<string> => {
      const file = vscode.Uri.file(path.join(folder, name));
      return (
        await vscode.workspace.openTextDocument(
          vscode.Uri.from({ scheme: 'fineprune-model', path: `${file.path}.txt`, query: file.toString() }),
        )
      ).getText();
    };
    assert.match(await text('model.json'), /weights\.bin is missing/);
    assert.doesNotMatch(await text('out-model.json'), /\n {2}dense_1\/kernel.*sha256/);
  });

  /** Waits until VS Code's Git extension has the repository of a file. */
  async function gitSees(file: vscode.Uri): Promise<void> {
    interface Git {
      getAPI(version: 1): { getRepository(uri: vscode.Uri): unknown };
    }
    await vscode.workspace.getConfiguration('git').update('enabled', true, vscode.ConfigurationTarget.Workspace);
    const git = await vscode.extensions.getExtension<Git>('vscode.git')!.activate();
    await waitFor('the repository', () => git.getAPI(1).getRepository(file), { deadlineMs: ANSWER_MS });
  }
});
