import * as vscode from 'vscode';
import { badInput } from '../../server/protocol/errors';
import { readText } from '../git/read';
import { baseName, exists } from '../ui/open';
import { CONFIG_FILE, SCAN_FILE, beside } from '../../server/protocol/files';

/**
 * What a scan's result is about: the config beside it, else the model that it names.
 * @throws FinePruneError when neither can be found out
 */
export async function scannedBy(scan: vscode.Uri): Promise<vscode.Uri> {
  const config = scan.with({ path: beside(scan.path, SCAN_FILE, CONFIG_FILE) });
  if (await exists(config)) return config;
  const named = modelIn((await readText(scan, SCAN_FILE.mostBytes)) ?? '');
  const model = named === undefined ? undefined : vscode.Uri.joinPath(scan, '..', named);
  if (model && (await exists(model))) return model;
  throw badInput('scan.noModel', `${baseName(scan)} does not name an existing model.`, {
    file: scan.fsPath,
    todo: 'Scan the model itself.',
  });
}

function modelIn(text: string): string | undefined {
  try {
    const { model } = JSON.parse(text) as { model?: { path?: unknown } };
    return typeof model?.path === 'string' ? model.path : undefined;
  } catch {
    return undefined;
  }
}
