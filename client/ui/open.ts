import { findNodeAtLocation } from 'jsonc-parser';
import * as vscode from 'vscode';
import {
  CONFIG_FILE,
  isOfferedModel,
  REPORT_FILE,
  REVIEW_FILE,
  SCAN_FILE,
  beside,
  modelBaseName,
} from '../../server/protocol/files';
import { tolerantTree } from '../../server/json/tolerant';

/** Opens a text file, at a JSON path such as `/trigger/target` when there is one in it. */
export async function openAtPlace(uri: vscode.Uri, place?: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  const range = place?.startsWith('/') ? rangeOf(document, place) : undefined;
  if (!range) return;
  // Backwards, and shown from its line's beginning: of a value that is too long for the window, the start is what matters.
  editor.selection = new vscode.Selection(range.end, range.start);
  editor.revealRange(
    new vscode.Range(range.start.with({ character: 0 }), range.start),
    vscode.TextEditorRevealType.InCenterIfOutsideViewport,
  );
}

function rangeOf(document: vscode.TextDocument, pointer: string): vscode.Range | undefined {
  const tree = tolerantTree(document.getText()).root;
  const segments = pointer
    .slice(1)
    .split('/')
    .map((s) => s.replaceAll('~1', '/').replaceAll('~0', '~'));
  const path = segments.map((s) => (/^\d+$/.test(s) ? Number(s) : s));
  const node = tree && findNodeAtLocation(tree, path);
  return node && new vscode.Range(document.positionAt(node.offset), document.positionAt(node.offset + node.length));
}

/** A URI as commands get it: from the Explorer as an object, from a lens or a status item as text. */
export function toUri(value: unknown): vscode.Uri | undefined {
  if (value instanceof vscode.Uri) return value;
  return typeof value === 'string' && value !== '' ? vscode.Uri.parse(value, true) : undefined;
}

/** The file that is looked at, when it is one of ours. */
export function activeFile(): vscode.Uri | undefined {
  const uri = vscode.window.activeTextEditor?.document.uri;
  return uri && (isConfig(uri) || isModel(uri) || isReport(uri)) ? uri : undefined;
}

export const isConfig = (uri: vscode.Uri): boolean => CONFIG_FILE.is(uri.path);
export const isModel = (uri: vscode.Uri): boolean => isOfferedModel(baseName(uri));
export const isReport = (uri: vscode.Uri): boolean => REPORT_FILE.is(uri.path);
export const isScan = (uri: vscode.Uri): boolean => SCAN_FILE.is(uri.path);

/** The report that a run of this config writes, the result of scanning it, or the config that made this report. */
export const reportOf = (config: vscode.Uri): vscode.Uri =>
  config.with({ path: beside(config.path, CONFIG_FILE, REPORT_FILE) });
export const scanOf = (config: vscode.Uri): vscode.Uri =>
  config.with({ path: beside(config.path, CONFIG_FILE, SCAN_FILE) });
export const configOf = (report: vscode.Uri): vscode.Uri =>
  report.with({ path: beside(report.path, REPORT_FILE, CONFIG_FILE) });

/** Decisions of reviewers about a report. */
export const reviewOf = (report: vscode.Uri): vscode.Uri =>
  report.with({ path: beside(report.path, REPORT_FILE, REVIEW_FILE) });

/** What a report is called: its file's name without its ending. */
export const reportName = (report: vscode.Uri): string => REPORT_FILE.nameOf(baseName(report));

/** What is written about a model is called by this. */
export const modelName = (model: vscode.Uri): string =>
  modelBaseName(baseName(model), baseName(vscode.Uri.joinPath(model, '..')));

/** The report that is looked at, as text or rendered. */
export function activeReport(): vscode.Uri | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri = input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom ? input.uri : undefined;
  return uri && isReport(uri) ? uri : undefined;
}

/** A file's name as a person tells it from others. */
export const baseName = (uri: vscode.Uri): string => uri.path.slice(uri.path.lastIndexOf('/') + 1);

export async function exists(uri: vscode.Uri): Promise<boolean> {
  return await vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}
