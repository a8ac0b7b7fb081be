import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { waitFor } from '../../harness/poll';
import { closeEditors, configText, demoFolder, extension, open, workspaceRoot } from './demo';

interface Manifest {
  contributes: { commands: { command: string }[] };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('commands', () => {
  afterEach(closeEditors);

  it('exist, every one that the manifest contributes', async () => {
    const { packageJSON } = await extension();
    const known = new Set(await vscode.commands.getCommands(true));
    const missing = (packageJSON as Manifest).contributes.commands
      .map(({ command }) => command)
      .filter((id) => !known.has(id));
    assert.deepEqual(missing, []);
  });

  it('create the demo workspace: all of MNIST, as the manifest of hashes has it, with notice, model and config', async () => {
    const { extensionPath } = await extension();
    const folder = path.join(workspaceRoot(), 'created-demo');
    const created = await vscode.commands.executeCommand<vscode.Uri>('finePrune.createDemo', vscode.Uri.file(folder));
    assert.equal(created?.fsPath, folder);
    const names = await readdir(folder);
    for (const name of ['model.json', 'weights.bin', 'CARD.md', 'mnist-badnets.fineprune.json', 'data'])
      assert.ok(names.includes(name), `${name} is missing from ${names.join(', ')}`);
    assert.deepEqual(
      names.filter((name) => /defense|defended|tmp/.test(name)),
      [],
    );
    const { files } = JSON.parse(
      await readFile(path.join(extensionPath, 'dist', 'mnist', 'manifest.json'), 'utf8'),
    ) as { files: { name: string; sha256: string }[] };
    assert.equal(files.length, 4);
    for (const { name, sha256 } of files) {
      assert.equal(
        createHash('sha256')
          .update(await readFile(path.join(folder, 'data', name)))
          .digest('hex'),
        sha256,
        name,
      );
    }
    assert.match(await readFile(path.join(folder, 'data', 'NOTICE.txt'), 'utf8'), /Attribution-Share Alike/);
  });

  it('show the config that belongs to a model', async () => {
    const { model, config } = await demoFolder('show-config', configText());
    await vscode.commands.executeCommand('finePrune.showConfig', model);
    assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, config.fsPath);
    assert.equal(vscode.window.activeTextEditor?.document.languageId, 'fineprune');
  });

  it('say that there is no report yet instead of opening an empty one', async () => {
    const { config } = await demoFolder('no-report', configText());
    await vscode.commands.executeCommand('finePrune.openReport', config);
    assert.equal(vscode.window.activeTextEditor, undefined);
  });

  it('refuse a file that is neither model nor config', async () => {
    const { folder } = await demoFolder('not-a-model');
    const result = await vscode.commands.executeCommand(
      'finePrune.run',
      vscode.Uri.file(path.join(folder, 'weights.bin')),
    );
    assert.equal(result, undefined);
    assert.deepEqual((await extension()).exports.activeRuns(), []);
  });

  it('restart the server, by command and by itself after it was killed', async () => {
    const { exports: api } = await extension();
    const one = await waitFor('a server', api.serverPid);
    await vscode.commands.executeCommand('finePrune.restartServer');
    const two = await waitFor('another server', () => api.serverPid() !== one && api.serverPid());
    await waitFor('the first server to be gone', () => !isAlive(one));

    process.kill(two, 'SIGKILL');
    await waitFor('a server after the kill', () => api.serverPid() !== two && api.serverPid());
    // It does its work: a config that is opened now is checked.
    const { config } = await demoFolder('after-restart', configText('"seed": -1'));
    await open(config);
    await waitFor('diagnostics from the new server', () => vscode.languages.getDiagnostics(config).length > 0);
  });
});
