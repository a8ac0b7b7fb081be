import * as vscode from 'vscode';
import { namingFile } from '../../server/language/text/failure-text';
import type { Failure } from '../../server/protocol/errors';
import { openAtPlace } from './open';

/** A button of a message: what it says, and what it does. */
export interface Action {
  title: string;
  run: () => unknown;
}

export const SHOW_LOG: Action = { title: 'Show Log', run: () => vscode.commands.executeCommand('finePrune.showLog') };
export const RESTART: Action = {
  title: 'Restart Server',
  run: () => vscode.commands.executeCommand('finePrune.restartServer'),
};
export const INSTALL: Action = {
  title: 'Install Native Engine',
  run: () => vscode.commands.executeCommand('finePrune.installEngine'),
};

export type Level = 'information' | 'warning' | 'error';

const SHOW = {
  information: vscode.window.showInformationMessage,
  warning: vscode.window.showWarningMessage,
  error: vscode.window.showErrorMessage,
} as const;

/**
 * Shows a message and, when a button is pressed, does what it says. Returns at once: a command is over when its message
 * stands there, not when somebody has closed it.
 */
export function notify(level: Level, message: string, ...actions: Action[]): void {
  // Notifications do not render Markdown.
  void SHOW[level](message.replaceAll('`', ''), ...actions.map(({ title }) => title)).then(async (chosen) => {
    await actions.find(({ title }) => title === chosen)?.run();
  });
}

/**
 * Shows a failure with the buttons that help against it. A cancellation is no failure: one quiet line says that it worked.
 * @param instead offered where the file at fault can't be opened as text
 */
export function notifyFailure(failure: Failure, instead?: Action): void {
  if (failure.kind === 'cancelled') {
    vscode.window.setStatusBarMessage(`$(circle-slash) Fine-Prune: ${failure.message}`, 8000);
    return;
  }
  const { file, place } = failure;
  const actions: Action[] = [];
  if (file && isText(file)) actions.push({ title: 'Open File', run: () => openAtPlace(vscode.Uri.file(file), place) });
  else if (instead) actions.push(instead);
  if (failure.code.startsWith('engine.native')) actions.push(INSTALL);
  notify('error', `Fine-Prune: ${[namingFile(failure), failure.todo].filter(Boolean).join(' ')}`, ...actions, SHOW_LOG);
}

/** Keeps a figure and its unit on one line where a message is wrapped. */
export const unbroken = (text: string): string => text.replaceAll(' %', '\u00a0%');

/** Weights and images would open as "binary", which helps nobody. */
function isText(file: string): boolean {
  return /\.jsonc?$/i.test(file);
}
