import path from 'node:path';
import * as vscode from 'vscode';
import { isConfig } from '../ui/open';

const EXCLUDE = '**/node_modules/**';
const MAX_FOUND = 500;

interface FileItem extends vscode.QuickPickItem {
  uri?: vscode.Uri;
}

/** Lets a person choose one of the files that fit in the workspace, `first` at the top, or browse for another one. */
export async function pickFile(
  glob: string,
  title: string,
  filters: Record<string, string[]>,
  first?: vscode.Uri,
): Promise<vscode.Uri | undefined> {
  // A search that fails (no ripgrep, no folder) is no reason not to let the person browse.
  const found = await vscode.workspace.findFiles(glob, EXCLUDE, MAX_FOUND).then(
    (uris) => uris,
    () => [] as vscode.Uri[],
  );
  const others = found
    .filter((uri) => uri.toString() !== first?.toString())
    .sort((a, b) => Number(isConfig(b)) - Number(isConfig(a)) || a.path.localeCompare(b.path));
  const items: FileItem[] = [...(first ? [first] : []), ...others].map(toItem);
  if (items.length === 0) return await browse(title, filters);
  const other: FileItem = { label: 'Browse …', iconPath: new vscode.ThemeIcon('folder-opened'), alwaysShow: true };
  const chosen = await vscode.window.showQuickPick([...items, other], { title, matchOnDescription: true });
  return chosen && (chosen.uri ?? (await browse(title, filters)));
}

function toItem(uri: vscode.Uri): FileItem {
  const folder = path.posix.dirname(vscode.workspace.asRelativePath(uri));
  return {
    label: path.posix.basename(uri.path),
    description: folder === '.' ? '' : folder,
    iconPath: new vscode.ThemeIcon(isConfig(uri) ? 'settings' : 'file-code'),
    uri,
  };
}

async function browse(title: string, filters: Record<string, string[]>): Promise<vscode.Uri | undefined> {
  const [chosen] = (await vscode.window.showOpenDialog({ title, filters, openLabel: 'Choose' })) ?? [];
  return chosen;
}
