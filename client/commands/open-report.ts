import * as vscode from 'vscode';
import { prepare } from '../config/new-config';
import { notify } from '../ui/notify';
import { activeFile, exists, isConfig, isReport, openAtPlace, reportOf, toUri } from '../ui/open';
import type { CommandContext } from './context';
import { pickFile } from './pick';
import { REPORT_FILE } from '../../server/protocol/files';

/** `finePrune.openReport`: the report given, that of the config or model given or looked at, else one of the workspace's. */
export async function openReport(context: CommandContext, target?: unknown): Promise<void> {
  const file =
    toUri(target) ??
    activeFile() ??
    (await pickFile(REPORT_FILE.glob, 'Fine-Prune: open which report?', { 'Defense report': ['json'] }));
  if (!file) return;
  const report = await reportFor(file, context);
  if (report && (await exists(report))) {
    // Its keys are sorted, so what a person wants to know first does not stand first.
    await openAtPlace(report, '/verdict');
    return;
  }
  const again = {
    title: 'Fine-Prune Model',
    run: () => vscode.commands.executeCommand('finePrune.run', isReport(file) ? undefined : file),
  };
  notify(
    'information',
    `Fine-Prune: ${vscode.workspace.asRelativePath(file)} has no report yet. Run the defense to create one.`,
    again,
  );
}

async function reportFor(file: vscode.Uri, { server }: CommandContext): Promise<vscode.Uri | undefined> {
  if (isReport(file)) return file;
  if (isConfig(file)) return reportOf(file);
  const { existingConfigUri } = await prepare(file, server);
  return existingConfigUri === undefined ? undefined : reportOf(vscode.Uri.parse(existingConfigUri, true));
}
