import * as vscode from 'vscode';
import { badInput, type Failure } from '../../server/protocol/errors';
import {
  COMPARE_REPORTS_REQUEST,
  type CompareReportsParams,
  type CompareReportsResult,
  type ReportText,
} from '../../server/protocol/messages/lsp';
import {
  parseFromCompare,
  type ComparedSide,
  type ComparePageState,
  type FromCompare,
  type ToCompare,
} from '../../server/protocol/messages/compare-view';
import { readText } from '../git/read';
import { baseName, reportName } from '../ui/open';
import { saveExport } from './export';
import { failureOf, toldFault } from './faults';
import { Panel } from './panel';
import type { ReportContext } from './report-editor';
import { REPORT_FILE } from '../../server/protocol/files';

export const COMPARE = 'finePrune.compare';

const MOST_BYTES = 64 * 2 ** 20;
const FILES_MS = 500;
const NO_REPORT = 'no report';

type Side = 'base' | 'head';
type Broken = Extract<CompareReportsResult, { ok: false }>;

/** Two reports beside each other, read again whenever a file of theirs changes. */
export class ComparePanel extends Panel<FromCompare, ToCompare> {
  /** What the page was last told to show, for tests. */
  shown: 'comparison' | 'broken' | undefined;
  private due: NodeJS.Timeout | undefined;
  private reading = 0;

  constructor(
    panel: vscode.WebviewPanel,
    readonly state: ComparePageState,
    private readonly context: ReportContext,
  ) {
    super(panel, { ...context, title: panel.title, page: 'compare', parse: parseFromCompare });
    for (const side of [state.base, state.head]) if (side) this.watch(vscode.Uri.parse(side.uri, true));
    this.track(new vscode.Disposable(() => clearTimeout(this.due)));
  }

  protected override onReady(): void {
    void this.render();
  }

  protected override onHidden(): void {
    clearTimeout(this.due);
    this.reading++;
  }

  protected override onMessage(message: FromCompare): void {
    void this.act(message).catch((error: unknown) =>
      this.send({ type: 'told', message: toldFault(error, this.context.log), failed: true }),
    );
  }

  private async act(message: FromCompare): Promise<void> {
    switch (message.type) {
      case 'open':
        await vscode.window.showTextDocument(this.uriOf(message.side), { preview: false });
        return;
      case 'command':
        if (message.command === 'show-log') await vscode.commands.executeCommand('finePrune.showLog');
        else
          await vscode.commands.executeCommand('vscode.diff', this.uriOf('base'), this.uriOf('head'), this.panel.title);
        return;
      case 'export': {
        const file = this.exportBeside();
        const saved = await saveExport(file, { ...message, name: `comparison-${message.name}` });
        if (saved) this.send({ type: 'told', message: saved, failed: false });
        return;
      }
      case 'fault':
        return this.context.log.error(`compare: ${message.message}`);
      case 'ready':
        return;
    }
  }

  private uriOf(side: Side): vscode.Uri {
    const found = this.state[side];
    if (!found) throw badInput('compare.noSide', `There is no report on the ${side} side.`);
    return vscode.Uri.parse(found.uri, true);
  }

  /** A side that lies on the disk, or where its revision was checked out. */
  private exportBeside(): vscode.Uri {
    const uris = [this.state.head, this.state.base].flatMap((side) => (side ? [vscode.Uri.parse(side.uri, true)] : []));
    const file =
      uris.find(({ scheme }) => scheme === 'file') ??
      vscode.Uri.file(uris[0]?.path ?? `/${REPORT_FILE.named('report')}`);
    return file;
  }

  private watch(uri: vscode.Uri): void {
    if (uri.scheme !== 'file') return;
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.joinPath(uri, '..'), baseName(uri)),
    );
    this.track(watcher);
    for (const event of [watcher.onDidChange, watcher.onDidCreate, watcher.onDidDelete])
      this.track(event(() => this.later()));
    this.track(
      vscode.workspace.onDidChangeTextDocument(
        ({ document }) => document.uri.toString() === uri.toString() && this.later(),
      ),
    );
  }

  private later(): void {
    clearTimeout(this.due);
    this.due = setTimeout(() => this.ready && void this.render(), FILES_MS);
  }

  private async render(): Promise<void> {
    const mine = ++this.reading;
    const { state } = this;
    const result = await this.read();
    if (mine !== this.reading) return;
    const name = nameOf(state);
    const labels = { base: state.base?.label ?? NO_REPORT, head: state.head?.label ?? NO_REPORT };
    this.shown = result.ok ? 'comparison' : 'broken';
    if (result.ok) this.send({ type: 'comparison', state, name, labels, comparison: result.comparison });
    else this.send({ type: 'broken', state, name, labels, failure: result.failure, side: result.side });
  }

  private async read(): Promise<CompareReportsResult> {
    const [base, head] = [await this.readSide('base'), await this.readSide('head')];
    if (isBroken(base)) return base;
    if (isBroken(head)) return head;
    if (!base && !head)
      return {
        ok: false,
        side: null,
        failure: badInput('compare.neither', 'Neither side has this report.', {
          todo: 'Choose other reports.',
        }).toFailure(),
      };
    return await this.context.server
      .request<CompareReportsResult>(COMPARE_REPORTS_REQUEST, { base, head } satisfies CompareReportsParams)
      .catch((error: unknown): Broken => ({ ok: false, side: null, failure: failureOf(error) }));
  }

  private async readSide(which: Side): Promise<ReportText | null | Broken> {
    const side = this.state[which];
    if (!side) return null;
    try {
      const text = await readText(vscode.Uri.parse(side.uri, true), MOST_BYTES);
      return text === null ? null : { label: side.label, text };
    } catch (error) {
      const failure: Failure = failureOf(error);
      return { ok: false, side: which, failure };
    }
  }
}

const isBroken = (side: ReportText | null | Broken): side is Broken => side !== null && 'ok' in side;

/** What the compared report is called: the head's name, since that is what the reader has before them. */
export function nameOf({ base, head }: ComparePageState): string {
  const side: ComparedSide | null = head ?? base;
  return side ? reportName(vscode.Uri.parse(side.uri, true)) : '';
}
