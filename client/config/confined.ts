import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { badInput } from '../../server/protocol/errors';
import { contains } from '../../server/protocol/paths';
import { baseName } from '../ui/open';

/**
 * Before a file of the workspace is written: whether links lead it elsewhere. The editor follows them when it saves, and somebody else may
 * have put them there. The file need not exist.
 * @throws FinePruneError `output.linkOutside`
 */
export async function refuseLinksOutside(file: vscode.Uri): Promise<void> {
  if (file.scheme !== 'file' || !vscode.workspace.getWorkspaceFolder(file)) return;
  const target = await targetOf(file.fsPath);
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    const root = await realpath(uri.fsPath).catch(() => uri.fsPath);
    if (target !== null && contains(path, root, target)) return;
  }
  throw badInput(
    'output.linkOutside',
    `${baseName(file)} is behind a symbolic link that leads out of the workspace. Nothing was written through it.`,
    { file: file.fsPath, todo: 'Replace the link with the file or folder itself.' },
  );
}

/** Where a file is, or would be made; null for a link to nothing. */
async function targetOf(file: string): Promise<string | null> {
  const isThere = await lstat(file).then(
    () => true,
    () => false,
  );
  if (isThere) return await realpath(file).catch(() => null);
  return path.join(await realpath(path.dirname(file)).catch(() => path.dirname(file)), path.basename(file));
}
