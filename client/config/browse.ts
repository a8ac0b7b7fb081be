import path from 'node:path';
import * as vscode from 'vscode';
import type { ConfigTextParams } from '../../server/protocol/messages/lsp';
import { contains } from '../../server/protocol/paths';

type DataSet = Pick<ConfigTextParams, 'train' | 'test'>;

/** What a data set consists of, and the file names that say so. */
const ROLES = [
  { title: 'training images', is: (name: string) => /train/i.test(name) && /image|idx[34]/i.test(name) },
  { title: 'training labels', is: (name: string) => /train/i.test(name) && /label|idx1/i.test(name) },
  { title: 'test images', is: (name: string) => /t10k|test/i.test(name) && /image|idx[34]/i.test(name) },
  { title: 'test labels', is: (name: string) => /t10k|test/i.test(name) && /label|idx1/i.test(name) },
] as const;

/** Lets a person choose a folder, and in it what its file names don't tell. Undefined: cancelled. */
export async function browseForData(modelUri: vscode.Uri, name: string): Promise<DataSet | undefined> {
  const modelFolder = path.dirname(modelUri.fsPath);
  const [folder] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      defaultUri: vscode.Uri.file(modelFolder),
      openLabel: 'Use This Data',
      title: `${name}: folder with images and labels (IDX, plain or gzip)`,
    })) ?? [];
  if (!folder) return undefined;
  const entries = await vscode.workspace.fs.readDirectory(folder);
  const names = entries
    .filter(([, type]) => (type & vscode.FileType.File) !== 0)
    .map(([file]) => file)
    .sort();
  if (names.length < ROLES.length) {
    throw new Error(
      `${folder.fsPath} has ${names.length} files; at least ${ROLES.length} are needed: images and labels for training and for test.`,
    );
  }
  const chosen: string[] = [];
  for (const { title, is } of ROLES) {
    const fits = names.filter(is);
    const file =
      fits.length === 1
        ? fits[0]
        : await vscode.window.showQuickPick(fits.length > 0 ? fits : names, {
            title: `${name}: which file contains the ${title}?`,
            ignoreFocusOut: true,
          });
    if (file === undefined) return undefined;
    chosen.push(path.relative(modelFolder, path.join(folder.fsPath, file)).split(path.sep).join('/'));
  }
  if (!(await mayRead(folder, modelUri))) return undefined;
  const [trainImages, trainLabels, testImages, testLabels] = chosen as [string, string, string, string];
  return { train: { images: trainImages, labels: trainLabels }, test: { images: testImages, labels: testLabels } };
}

/** Data outside the workspace is refused unless the person has allowed its folder; here they can. */
async function mayRead(folder: vscode.Uri, modelUri: vscode.Uri): Promise<boolean> {
  const settings = vscode.workspace.getConfiguration('finePrune');
  const allowed = settings.get<string[]>('dataFolders', []);
  const roots = [
    path.dirname(modelUri.fsPath),
    ...(vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath),
  ];
  if ([...roots, ...allowed].some((parent) => contains(path, parent, folder.fsPath))) return true;
  const allow = 'Allow This Folder';
  const detail = `Configs may then read data from ${folder.fsPath} on this machine. The setting “Fine-Prune: Data Folders” lists such folders.`;
  if (
    (await vscode.window.showWarningMessage('The data is outside the workspace.', { modal: true, detail }, allow)) !==
    allow
  )
    return false;
  await settings.update('dataFolders', [...allowed, folder.fsPath], vscode.ConfigurationTarget.Global);
  return true;
}
