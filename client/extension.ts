import * as vscode from 'vscode';
import { cancel } from './commands/cancel';
import { register, type CommandContext } from './commands/context';
import { createDemo } from './commands/create-demo';
import { installEngine } from './commands/install-engine';
import { openReport } from './commands/open-report';
import { run } from './commands/run';
import { showConfig } from './commands/show-config';
import { LanguageServer } from './language/server';
import { showStatus } from './language/status';
import { Runs } from './run/runs';
import { notify, RESTART, SHOW_LOG } from './ui/notify';

/** What `activate` returns, for tests and other extensions. */
export interface FinePruneApi {
  /** Resolves when the language server answers; rejects when it can't be started. */
  ready: Promise<void>;
  /** Names of the runs that wait or are going on. */
  activeRuns(): string[];
  /** Process id of the language server while there is one. */
  serverPid(): number | undefined;
}

let server: LanguageServer | undefined;

export function activate({ extensionPath, extensionUri, subscriptions }: vscode.ExtensionContext): FinePruneApi {
  const log = vscode.window.createOutputChannel('Fine-Prune', { log: true });
  const started = (server = new LanguageServer(extensionPath, log));
  const runs = new Runs(started, log);
  const context: CommandContext = { server: started, runs, log, extensionUri };

  subscriptions.push(
    log,
    showStatus(started),
    started.onGaveUp(() => notify('error', 'The Fine-Prune server keeps ending and stays down.', RESTART, SHOW_LOG)),
    register(context, 'finePrune.run', run),
    register(context, 'finePrune.cancel', cancel),
    register(context, 'finePrune.openReport', openReport),
    register(context, 'finePrune.showConfig', showConfig),
    register(context, 'finePrune.createDemo', createDemo),
    register(context, 'finePrune.installEngine', installEngine),
    register(context, 'finePrune.showLog', () => log.show(true)),
    register(context, 'finePrune.restartServer', () => started.restart()),
  );

  const ready = started.start();
  ready.catch((error: unknown) => log.error(String(error)));
  return { ready, activeRuns: () => runs.list().map(({ name }) => name), serverPid: () => started.pid };
}

/** VS Code waits for this one, unlike for the disposal of subscriptions: the server ends before its parent does. */
export async function deactivate(): Promise<void> {
  await server?.dispose();
  server = undefined;
}
