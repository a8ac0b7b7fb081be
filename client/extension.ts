import * as vscode from 'vscode';
import { acceptFinding } from './commands/accept-finding';
import { cancel } from './commands/cancel';
import { compareModels } from './commands/compare-models';
import { compareReports } from './commands/compare-reports';
import { register, type CommandContext } from './commands/context';
import { createDemo } from './commands/create-demo';
import { inspect } from './commands/inspect';
import { installEngine } from './commands/install-engine';
import { openReport } from './commands/open-report';
import { openScan } from './commands/open-scan';
import { repair } from './commands/repair';
import { run } from './commands/run';
import { scan } from './commands/scan';
import { showConfig } from './commands/show-config';
import { viewReport } from './commands/view-report';
import { ModelTexts } from './language/model-text';
import { GAVE_UP, LanguageServer } from './language/server';
import { showStatus } from './language/status';
import { ComparePanels } from './panels/compare-panels';
import { InspectorPanels } from './panels/inspector-panels';
import { ReportEditors } from './panels/report-editor';
import { Runs } from './run/runs';
import { notify, RESTART, SHOW_LOG } from './ui/notify';

/** What `activate` returns, for tests and other extensions. */
export interface FinePruneApi {
  /** Resolves when the language server answers; rejects when it can't be started. */
  ready: Promise<void>;
  /** Names of the runs and scans that wait or are going on. */
  activeRuns(): string[];
  /** The activation inspectors that are open: kinds of questions that were answered in each, and codes of failures. */
  inspectors(): { configUri: string; ready: boolean; answered: readonly string[]; refused: readonly string[] }[];
  /** The rendered reports that are open: whether the page listens, and what it was last told to show. */
  reports(): { uri: string; ready: boolean; shown: 'view' | 'broken' | undefined }[];
  /** The comparisons that are open. */
  comparisons(): {
    base: string | undefined;
    head: string | undefined;
    ready: boolean;
    shown: 'comparison' | 'broken' | undefined;
  }[];
  /** Process id of the language server while there is one. */
  serverPid(): number | undefined;
}

let server: LanguageServer | undefined;

export function activate({ extensionPath, extensionUri, subscriptions }: vscode.ExtensionContext): FinePruneApi {
  const log = vscode.window.createOutputChannel('Fine-Prune', { log: true });
  const started = (server = new LanguageServer(extensionPath, log));
  const runs = new Runs(started, log);
  const inspectors = new InspectorPanels({ server: started, log, extensionUri });
  const reports = new ReportEditors({ server: started, log, extensionUri });
  const comparisons = new ComparePanels({ server: started, log, extensionUri });
  const modelTexts = new ModelTexts(started, log);
  const context: CommandContext = { server: started, runs, inspectors, comparisons, modelTexts, log, extensionUri };
  // The Source Control view tells menus nothing about the file: ours are there only in workspaces that have to do with models.
  void vscode.commands.executeCommand('setContext', 'finePrune.active', true);

  subscriptions.push(
    log,
    inspectors,
    reports,
    comparisons,
    modelTexts,
    showStatus(started),
    started.onGaveUp(() => notify('error', GAVE_UP, RESTART, SHOW_LOG)),
    register(context, 'finePrune.run', run),
    register(context, 'finePrune.scan', scan),
    register(context, 'finePrune.openScan', openScan),
    register(context, 'finePrune.repair', repair),
    register(context, 'finePrune.cancel', cancel),
    register(context, 'finePrune.inspect', inspect),
    register(context, 'finePrune.openReport', openReport),
    register(context, 'finePrune.viewReport', viewReport),
    register(context, 'finePrune.compareReports', compareReports),
    register(context, 'finePrune.compareModels', compareModels),
    register(context, 'finePrune.acceptFinding', acceptFinding),
    register(context, 'finePrune.showConfig', showConfig),
    register(context, 'finePrune.createDemo', createDemo),
    register(context, 'finePrune.installEngine', installEngine),
    register(context, 'finePrune.showLog', () => log.show(true)),
    register(context, 'finePrune.restartServer', () => started.restart()),
  );

  const ready = started.start();
  ready.catch((error: unknown) => log.error(String(error)));
  return {
    ready,
    activeRuns: () => runs.list().map(({ name }) => name),
    inspectors: () =>
      inspectors.list().map((panel) => ({
        configUri: panel.config.toString(),
        ready: panel.ready,
        answered: panel.answered,
        refused: panel.refused,
      })),
    reports: () =>
      reports
        .list()
        .map(({ document, ready: listens, shown }) => ({ uri: document.uri.toString(), ready: listens, shown })),
    comparisons: () =>
      comparisons.list().map(({ state, ready: listens, shown }) => ({
        base: state.base?.uri,
        head: state.head?.uri,
        ready: listens,
        shown,
      })),
    serverPid: () => started.pid,
  };
}

/** VS Code waits for this one, unlike for the disposal of subscriptions: the server ends before its parent does. */
export async function deactivate(): Promise<void> {
  await server?.dispose();
  server = undefined;
}
