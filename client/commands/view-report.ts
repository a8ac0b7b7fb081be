import * as vscode from 'vscode';
import { REPORT_EDITOR } from '../panels/report-editor';
import { notify } from '../ui/notify';
import { activeReport, exists, isConfig, isReport, reportOf, toUri } from '../ui/open';
import type { CommandContext } from './context';
import { pickFile } from './pick';
import { REPORT_FILE } from '../../server/protocol/files';

/** `finePrune.viewReport`: the rendered view of a report beside its text, of any scheme; for a config, of the report it has. */
export async function viewReport(_: CommandContext, target?: unknown): Promise<void> {
  const file =
    toUri(target) ??
    activeReport() ??
    (await pickFile(REPORT_FILE.glob, 'Fine-Prune: open which report?', { 'Defense report': ['json'] }));
  if (!file) return;
  const report = isConfig(file) ? reportOf(file) : file;
  if (!isReport(report) || (report.scheme === 'file' && !(await exists(report)))) {
    notify(
      'information',
      `Fine-Prune: ${vscode.workspace.asRelativePath(file)} has no report yet. Run the defense to create one.`,
    );
    return;
  }
  const isText = vscode.window.activeTextEditor?.document.uri.toString() === report.toString();
  await vscode.commands.executeCommand(
    'vscode.openWith',
    report,
    REPORT_EDITOR,
    isText ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active,
  );
}
