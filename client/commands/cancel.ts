import * as vscode from 'vscode';
import { notify } from '../ui/notify';
import type { CommandContext } from './context';

/** `finePrune.cancel`: the only run there is, or those that are chosen. */
export async function cancel({ runs }: CommandContext): Promise<void> {
  const active = runs.list();
  if (active.length === 0) {
    notify('information', 'Fine-Prune: Nothing is running in this window.');
  } else if (active.length === 1) {
    active[0]?.cancel();
  } else {
    const items = active.map((run) => ({
      label: run.name,
      description: vscode.workspace.asRelativePath(run.file),
      run,
      picked: true,
    }));
    const chosen = await vscode.window.showQuickPick(items, {
      title: 'Fine-Prune: cancel which runs?',
      canPickMany: true,
    });
    for (const { run } of chosen ?? []) run.cancel();
  }
}
