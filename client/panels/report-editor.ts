import * as vscode from 'vscode';
import type { Failure } from '../../server/protocol/errors';
import { badInput } from '../../server/protocol/errors';
import { READ_REPORT_REQUEST, type ReadReportParams, type ReadReportResult } from '../../server/protocol/messages/lsp';
import { parseFromReport, type FromReport, type ToReport } from '../../server/protocol/messages/report-view';
import { readText } from '../git/read';
import { besideUri } from '../git/revisions';
import type { LanguageServer } from '../language/server';
import { baseName, configOf, exists, reportName, reviewOf } from '../ui/open';
import { saveExport } from './export';
import { failureOf, toldFault } from './faults';
import { Panel } from './panel';
import { DATA_PATTERNS } from '../../server/protocol/data-source';
import { CONFIG_FILE, MODEL_PATTERNS, REVIEW_FILE, WEIGHTS_PATTERNS, anyOf } from '../../server/protocol/files';

export const REPORT_EDITOR = 'finePrune.report';

const TYPING_MS = 200;
const FILES_MS = 500;
/** Files that a report's hashes, decisions and staleness rest on. Its own text is the document's to tell. */
const WATCHED = anyOf(
  CONFIG_FILE.pattern,
  REVIEW_FILE.pattern,
  ...MODEL_PATTERNS,
  ...WEIGHTS_PATTERNS,
  ...DATA_PATTERNS,
);

export interface ReportContext {
  server: LanguageServer;
  log: vscode.LogOutputChannel;
  extensionUri: vscode.Uri;
}

/** The rendered view of defense reports: an editor that a person may choose for them. */
export class ReportEditors implements vscode.CustomTextEditorProvider, vscode.Disposable {
  private readonly editors = new Set<ReportEditor>();
  private readonly registration = vscode.window.registerCustomEditorProvider(REPORT_EDITOR, this, {
    supportsMultipleEditorsPerDocument: true,
  });

  constructor(private readonly context: ReportContext) {}

  resolveCustomTextEditor(document: vscode.TextDocument, panel: vscode.WebviewPanel): void {
    const editor = new ReportEditor(panel, document, this.context);
    this.editors.add(editor);
    editor.onClosed(() => this.editors.delete(editor));
  }

  list(): ReportEditor[] {
    return [...this.editors];
  }

  dispose(): void {
    this.registration.dispose();
  }
}

/** One report, rendered. It never writes: the text is edited as text. */
export class ReportEditor extends Panel<FromReport, ToReport> {
  /** What the page was last told to show, for tests. */
  shown: 'view' | 'broken' | undefined;
  private due: NodeJS.Timeout | undefined;
  /** Numbers readings: only the answer to the last one is shown. */
  private reading = 0;

  constructor(
    panel: vscode.WebviewPanel,
    readonly document: vscode.TextDocument,
    private readonly context: ReportContext,
  ) {
    super(panel, { ...context, title: `Report: ${reportName(document.uri)}`, page: 'report', parse: parseFromReport });
    const review = this.beside(reviewOf).toString();
    this.track(
      vscode.workspace.onDidChangeTextDocument(({ document: changed }) => {
        if (changed === document || changed.uri.toString() === review) this.later(TYPING_MS);
      }),
    );
    this.track(vscode.workspace.onDidGrantWorkspaceTrust(() => this.later(0)));
    this.track(new vscode.Disposable(() => clearTimeout(this.due)));
    if (this.local) this.watch();
    let lost = false;
    this.track(
      context.server.onDidChangeState((state) => {
        if (state === 'running' && lost) this.later(0);
        lost = state === 'stopped' || (lost && state !== 'running');
      }),
    );
  }

  protected override onReady(): void {
    void this.render();
  }

  protected override onHidden(): void {
    clearTimeout(this.due);
    this.reading++;
  }

  protected override onMessage(message: FromReport): void {
    void this.act(message).catch((error: unknown) =>
      this.send({ type: 'told', message: toldFault(error, this.context.log), failed: true }),
    );
  }

  private async act(message: FromReport): Promise<void> {
    const { uri } = this.document;
    switch (message.type) {
      case 'inspect':
        this.needsLocal('inspect a model');
        await vscode.commands.executeCommand('finePrune.inspect', uri, {
          layer: message.layer,
          ...(message.unit !== undefined && { unit: message.unit }),
        });
        return;
      case 'accept':
        this.needsLocal('accept a finding');
        await vscode.commands.executeCommand('finePrune.acceptFinding', uri, message.issue);
        return;
      case 'export': {
        const saved = await saveExport(uri, { ...message, name: `report-${message.name}` });
        if (saved) this.send({ type: 'told', message: saved, failed: false });
        return;
      }
      case 'command':
        return await this.command(message.command);
      case 'fault':
        return this.context.log.error(`report: ${message.message}`);
      case 'ready':
        return;
    }
  }

  private async command(command: Extract<FromReport, { type: 'command' }>['command']): Promise<void> {
    const { uri } = this.document;
    const config = this.beside(configOf);
    switch (command) {
      case 'open-text':
        await vscode.window.showTextDocument(this.document, { preview: false });
        return;
      case 'open-config':
        if (!(await exists(config)))
          throw badInput('report.noConfig', `${baseName(config)} was not found beside this report.`, {
            todo: 'It was moved or deleted; the report contains the settings of its run.',
          });
        await vscode.window.showTextDocument(config, { preview: false });
        return;
      case 'compare':
        await vscode.commands.executeCommand('finePrune.compareReports', uri);
        return;
      case 'run':
        this.needsLocal('run a defense');
        await vscode.commands.executeCommand('finePrune.run', config);
        return;
      case 'show-log':
        await vscode.commands.executeCommand('finePrune.showLog');
    }
  }

  private get local(): boolean {
    return this.document.uri.scheme === 'file';
  }

  private needsLocal(what: string): void {
    if (!this.local)
      throw badInput(
        'report.notLocal',
        `This report is from another revision; to ${what}, a file in the working tree is needed.`,
        { todo: 'Open the report in the working tree.' },
      );
  }

  private beside(name: (report: vscode.Uri) => vscode.Uri): vscode.Uri {
    return besideUri(this.document.uri, baseName(name(this.document.uri)));
  }

  private watch(): void {
    const folder = vscode.Uri.joinPath(this.document.uri, '..');
    const inside = vscode.workspace.getWorkspaceFolder(this.document.uri) !== undefined;
    // Outside of the workspace a recursive watcher could be one of a whole disk.
    const watcher = vscode.workspace.createFileSystemWatcher(
      inside ? WATCHED : new vscode.RelativePattern(folder, WATCHED.slice('**/'.length)),
    );
    this.track(watcher);
    for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete])
      this.track(event(() => this.later(FILES_MS)));
  }

  /** Reads again soon; many changes at once are one. A page that does not listen asks by itself when it does. */
  private later(ms: number): void {
    clearTimeout(this.due);
    this.due = setTimeout(() => this.ready && void this.render(), ms);
  }

  private async render(): Promise<void> {
    const mine = ++this.reading;
    const { uri } = this.document;
    const name = reportName(uri);
    const result = await this.read().catch((error: unknown): { ok: false; failure: Failure } => ({
      ok: false,
      failure: failureOf(error),
    }));
    if (mine !== this.reading) return;
    this.shown = result.ok ? 'view' : 'broken';
    if (result.ok)
      this.send({ type: 'view', name, view: result.view, local: this.local, trusted: vscode.workspace.isTrusted });
    else this.send({ type: 'broken', name, failure: result.failure });
  }

  private async read(): Promise<ReadReportResult> {
    const { uri } = this.document;
    // The server reads what lies beside a file; what lies beside a revision only the editor can.
    const reviewText = this.local
      ? null
      : await readText(this.beside(reviewOf), REVIEW_FILE.mostBytes).catch(() => null);
    const params: ReadReportParams = {
      uri: uri.toString(),
      text: this.document.getText(),
      ...(reviewText !== null && { reviewText }),
    };
    return await this.context.server.request<ReadReportResult>(READ_REPORT_REQUEST, params);
  }
}
