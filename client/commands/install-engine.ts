import * as vscode from 'vscode';
import { FinePruneError } from '../../server/protocol/errors';
import {
  ENGINE_INSTALL_REQUEST,
  ENGINE_STATUS_REQUEST,
  type EngineInstallResult,
  type EngineStatus,
} from '../../server/protocol/messages/lsp';
import { requestWithProgress } from '../language/progress';
import { notify, SHOW_LOG } from '../ui/notify';
import { isAllowed, type CommandContext } from './context';
import { megabytes } from '../../server/protocol/words';

/** `finePrune.installEngine`: asks once, with size and place, then installs. `force` skips the question, for calls from code. */
export async function installEngine(context: CommandContext, force?: unknown): Promise<EngineStatus | undefined> {
  if (!isAllowed('install the native engine')) return undefined;
  const { server, log } = context;
  const status = await server.request<EngineStatus>(ENGINE_STATUS_REQUEST, {});
  if (status.native.installed) {
    notify('information', `Fine-Prune: the native engine is installed. ${status.native.why}`, SHOW_LOG);
    return status;
  }
  if (status.planFailure) throw new FinePruneError(status.planFailure);
  if (force !== true && !(await confirm(status))) return undefined;
  const result = await install(context);
  if (!result.ok) throw new FinePruneError(result.failure);
  log.info(`Native engine: ${result.status.native.why}`);
  notify('information', `Fine-Prune: the native engine is ready. ${result.status.native.why}`);
  return result.status;
}

async function confirm({ native, plan }: EngineStatus): Promise<boolean> {
  const size =
    plan &&
    [
      plan.downloadBytes > 0 ? `Download: ${megabytes(plan.downloadBytes)}.` : 'Nothing is downloaded.',
      `On disk: ${megabytes(plan.diskBytes)}.`,
    ].join(' ');
  const detail = [native.why, plan?.description, size, plan && `Folder: ${plan.folder}`].filter(Boolean).join('\n');
  const button = 'Install';
  return (
    (await vscode.window.showInformationMessage('Install the native engine?', { modal: true, detail }, button)) ===
    button
  );
}

async function install({ server }: CommandContext): Promise<EngineInstallResult> {
  const options = {
    location: vscode.ProgressLocation.Notification,
    cancellable: true,
    title: 'Fine-Prune: native engine',
  };
  return await vscode.window.withProgress(options, (progress, token) =>
    requestWithProgress<EngineInstallResult>(server, ENGINE_INSTALL_REQUEST, {}, progress, token),
  );
}
