import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('host', () => {
  it('runs inside a real VS Code of a supported version', () => {
    const [major, minor] = vscode.version.split('.').map(Number);
    assert.ok(major === 1 && minor !== undefined && minor >= 100, `version ${vscode.version}`);
    // 'web' would be a browser worker, where no language server can be forked.
    assert.match(vscode.env.appHost, /^(desktop|server-distro)$/);
  });

  it('has the extension under test, in the extension host beside the files', async () => {
    const extension = vscode.extensions.getExtension('fine-prune.fine-prune');
    assert.ok(extension, 'fine-prune.fine-prune is not among the extensions');
    assert.equal(extension.extensionUri.scheme, 'file');
    await extension.activate();
    assert.equal(extension.isActive, true);
  });

  it('has a workspace of its own', () => {
    assert.equal(vscode.workspace.workspaceFolders?.length, 1);
    assert.equal(vscode.workspace.workspaceFolders[0]?.uri.scheme, 'file');
    assert.equal(vscode.workspace.isTrusted, true);
  });
});
