import { readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { copyDemo } from '../demo/copy';
import { notify } from '../ui/notify';
import { toUri } from '../ui/open';
import type { CommandContext } from './context';
import { MODEL_FILE } from '../../server/protocol/files';

const EXAMPLE = 'mnist-badnets';
const FOLDER_NAME = 'fine-prune-demo';

/**
 * `finePrune.createDemo`: a backdoored network, its config and all of MNIST, in a new folder. With a folder as argument
 * that folder is used, without a question unless it holds something.
 */
export async function createDemo(
  { extensionUri, log }: CommandContext,
  target?: unknown,
): Promise<vscode.Uri | undefined> {
  const folder = toUri(target) ?? (await askForFolder());
  if (!folder || !(await mayUse(folder))) return undefined;
  const example = vscode.Uri.joinPath(extensionUri, 'examples', EXAMPLE).fsPath;
  const mnist = vscode.Uri.joinPath(extensionUri, 'dist', 'mnist').fsPath;
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Fine-Prune demo' },
    async (progress) => {
      await copyDemo(example, mnist, folder.fsPath, (file, of) =>
        progress.report({ message: file, increment: 100 / of }),
      );
    },
  );
  log.info(`Demo workspace written to ${folder.fsPath}.`);
  offerToOpen(folder);
  return folder;
}

async function askForFolder(): Promise<vscode.Uri | undefined> {
  const defaultUri = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(os.homedir());
  const [parent] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      defaultUri,
      openLabel: 'Create Demo Here',
      title: `Fine-Prune: where to create the folder ${FOLDER_NAME}?`,
    })) ?? [];
  return parent && vscode.Uri.joinPath(parent, FOLDER_NAME);
}

async function mayUse(folder: vscode.Uri): Promise<boolean> {
  const names = await readdir(folder.fsPath).catch(() => [] as string[]);
  if (names.length === 0) return true;
  const replace = 'Replace Demo Files';
  const detail = 'Existing demo files, including the config, will be replaced; all other files stay.';
  return (
    (await vscode.window.showWarningMessage(`${folder.fsPath} is not empty.`, { modal: true, detail }, replace)) ===
    replace
  );
}

function offerToOpen(folder: vscode.Uri): void {
  const inside = vscode.workspace.getWorkspaceFolder(folder);
  const open = (title: string, forceNewWindow: boolean) => ({
    title,
    run: () => vscode.commands.executeCommand('vscode.openFolder', folder, { forceNewWindow }),
  });
  const show = {
    title: 'Show in Explorer',
    run: () => vscode.commands.executeCommand('revealInExplorer', vscode.Uri.joinPath(folder, MODEL_FILE)),
  };
  const add = {
    title: 'Add to Workspace',
    run: () =>
      vscode.workspace.updateWorkspaceFolders(vscode.workspace.workspaceFolders?.length ?? 0, 0, { uri: folder }),
  };
  const isEmptyWindow = !vscode.workspace.workspaceFolders?.length;
  const actions = inside ? [show] : isEmptyWindow ? [open('Open', false)] : [open('Open in New Window', true), add];
  notify(
    'information',
    `Fine-Prune: the demo is in ${path.basename(folder.fsPath)}. Right-click ${MODEL_FILE} there and choose “Fine-Prune Model”.`,
    ...actions,
  );
}
