import * as vscode from 'vscode';
import { describeFailure, FinePruneError } from '../../server/protocol/errors';
import { ServerDown, type LanguageServer } from '../language/server';
import type { ModelTexts } from '../language/model-text';
import type { ComparePanels } from '../panels/compare-panels';
import type { InspectorPanels } from '../panels/inspector-panels';
import type { Runs } from '../run/runs';
import { notify, notifyFailure, RESTART, SHOW_LOG } from '../ui/notify';

/** What commands work with. */
export interface CommandContext {
  server: LanguageServer;
  runs: Runs;
  inspectors: InspectorPanels;
  comparisons: ComparePanels;
  modelTexts: ModelTexts;
  log: vscode.LogOutputChannel;
  extensionUri: vscode.Uri;
}

/** A command: its arguments are whatever menus, lenses and other extensions pass. */
export type Command = (context: CommandContext, ...args: unknown[]) => unknown;

/** Registers a command so that whatever it throws ends in one message, with the button that helps. */
export function register(context: CommandContext, id: string, command: Command): vscode.Disposable {
  return vscode.commands.registerCommand(id, async (...args: unknown[]) => {
    try {
      return await command(context, ...args);
    } catch (error) {
      explain(error, context.log);
      return undefined;
    }
  });
}

export function explain(error: unknown, log: vscode.LogOutputChannel): void {
  if (error instanceof FinePruneError) {
    const failure = error.toFailure();
    if (failure.kind !== 'cancelled') log.error(describeFailure(failure));
    notifyFailure(failure);
  } else if (error instanceof ServerDown) {
    log.error(`${error.message} ${error.cause instanceof Error ? error.cause.message : ''}`);
    notify('error', error.message, RESTART, SHOW_LOG);
  } else {
    log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    notify('error', `Fine-Prune: ${error instanceof Error ? error.message : String(error)}`, SHOW_LOG);
  }
}

/** Running reads, computes and writes what the workspace says. Says so, with the way to change it, where that is not wanted. */
export function isAllowed(what: string, why = 'configs decide which files are read and written'): boolean {
  if (vscode.workspace.isTrusted) return true;
  notify('warning', `Fine-Prune: Trust this workspace to ${what} (${why}).`, {
    title: 'Manage Workspace Trust',
    run: () => vscode.commands.executeCommand('workbench.trust.manage'),
  });
  return false;
}
