import path from 'node:path';
import * as vscode from 'vscode';
import type { ConfigTextParams } from '../../server/protocol/messages/lsp';
import {
  contentWords,
  DATA_FORMATS,
  fieldsOf,
  formatNamedBy,
  formatTitle,
  namesSplit,
  SPLIT_NAMES,
  sourceOfPaths,
  type DataFormatName,
} from '../../server/protocol/data-source';
import { contains } from '../../server/protocol/paths';

type DataSet = Pick<ConfigTextParams, 'train' | 'test'>;

/** What a new config names: a file for each field of both splits. */
const rolesOf = (format: DataFormatName) =>
  SPLIT_NAMES.flatMap((split) =>
    fieldsOf(format).map((field) => ({
      split,
      title: `${split === 'train' ? 'training' : 'test'} ${contentWords(field)}`,
      is: (name: string) => namesSplit(name, split) && field.names.test(name),
    })),
  );

/** Lets a person choose a folder, and in it what its file names don't tell. Undefined: cancelled. */
export async function browseForData(modelUri: vscode.Uri, name: string): Promise<DataSet | undefined> {
  const modelFolder = path.dirname(modelUri.fsPath);
  const [folder] =
    (await vscode.window.showOpenDialog({
      canSelectFolders: true,
      canSelectFiles: false,
      defaultUri: vscode.Uri.file(modelFolder),
      openLabel: 'Use This Data',
      title: `${name}: folder with images and labels (${DATA_FORMATS.map(formatTitle).join('; ')})`,
    })) ?? [];
  if (!folder) return undefined;
  const entries = await vscode.workspace.fs.readDirectory(folder);
  const names = entries
    .filter(([, type]) => (type & vscode.FileType.File) !== 0)
    .map(([file]) => file)
    .sort();
  const format = formatNamedBy(names);
  const roles = rolesOf(format);
  if (names.length < roles.length) {
    throw new Error(
      `${folder.fsPath} has ${names.length} files; at least ${roles.length} are needed: images and labels for training and for test.`,
    );
  }
  const chosen = { train: [] as string[], test: [] as string[] };
  for (const { split, title, is } of roles) {
    const fits = names.filter(is);
    const file =
      fits.length === 1
        ? fits[0]
        : await vscode.window.showQuickPick(fits.length > 0 ? fits : names, {
            title: `${name}: which file contains the ${title}?`,
            ignoreFocusOut: true,
          });
    if (file === undefined) return undefined;
    chosen[split].push(path.relative(modelFolder, path.join(folder.fsPath, file)).split(path.sep).join('/'));
  }
  if (!(await mayRead(folder, modelUri))) return undefined;
  return { train: sourceOfPaths(format, chosen.train), test: sourceOfPaths(format, chosen.test) };
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
