import * as vscode from 'vscode';
import { prepare } from '../config/new-config';
import { notify } from '../ui/notify';
import { activeFile, configOf, exists, isConfig, isModel, isReport, toUri } from '../ui/open';
import type { CommandContext } from './context';
import { pickFile } from './pick';
import { CONFIG_FILE } from '../../server/protocol/files';

/** `finePrune.showConfig`: the config given, that of the model or report given or looked at, else one of the workspace's. */
export async function showConfig(context: CommandContext, target?: unknown): Promise<void> {
  const file = toUri(target) ?? activeFile();
  const config =
    file && (isModel(file) || isReport(file) || isConfig(file))
      ? await configFor(file, context)
      : await pickFile(CONFIG_FILE.glob, 'Fine-Prune: show which config?', { 'Defense config': ['json'] });
  if (config) await vscode.window.showTextDocument(config, { preview: false });
}

async function configFor(file: vscode.Uri, { server }: CommandContext): Promise<vscode.Uri | undefined> {
  if (isConfig(file)) return file;
  const found = isReport(file) ? configOf(file) : await existingConfig(file, server);
  if (found && (await exists(found))) return found;
  notify(
    'information',
    `Fine-Prune: ${vscode.workspace.asRelativePath(file)} has no config yet. Run “Fine-Prune Model” on the model to create one.`,
    ...(isModel(file)
      ? [{ title: 'Fine-Prune Model', run: () => vscode.commands.executeCommand('finePrune.run', file) }]
      : []),
  );
  return undefined;
}

async function existingConfig(model: vscode.Uri, server: CommandContext['server']): Promise<vscode.Uri | undefined> {
  const { existingConfigUri } = await prepare(model, server);
  return existingConfigUri === undefined ? undefined : vscode.Uri.parse(existingConfigUri, true);
}
