import * as vscode from 'vscode';
import { prepare } from '../config/new-config';
import { notify } from '../ui/notify';
import { activeFile, exists, isConfig, isScan, modelName, openAtPlace, scanOf, toUri } from '../ui/open';
import type { CommandContext } from './context';
import { pickFile } from './pick';
import { SCAN_FILE } from '../../server/protocol/files';

/** `finePrune.openScan`: the result given, that of the config or model given or looked at, else one of the workspace's. */
export async function openScan(context: CommandContext, target?: unknown): Promise<void> {
  const file =
    toUri(target) ??
    activeFile() ??
    (await pickFile(SCAN_FILE.glob, 'Fine-Prune: open which scan result?', { 'Scan result': ['json'] }));
  if (!file) return;
  for (const scan of await candidates(file, context)) {
    if (!(await exists(scan))) continue;
    // Its keys are sorted, so what a person wants to know first does not stand first.
    await openAtPlace(scan, '/scan/sentence');
    return;
  }
  notify('information', `Fine-Prune: ${vscode.workspace.asRelativePath(file)} has not been scanned yet.`, {
    title: 'Scan for Backdoors',
    run: () => vscode.commands.executeCommand('finePrune.scan', isScan(file) ? undefined : file),
  });
}

async function candidates(file: vscode.Uri, { server }: CommandContext): Promise<vscode.Uri[]> {
  if (isScan(file)) return [file];
  if (isConfig(file)) return [scanOf(file)];
  const { existingConfigUri } = await prepare(file, server);
  const own = vscode.Uri.joinPath(file, '..', SCAN_FILE.named(modelName(file)));
  return [...(existingConfigUri === undefined ? [] : [scanOf(vscode.Uri.parse(existingConfigUri, true))]), own];
}
