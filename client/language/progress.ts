import { randomUUID } from 'node:crypto';
import type * as vscode from 'vscode';
import { LSPErrorCodes, ResponseError } from 'vscode-languageclient/node';
import { cancelled } from '../../server/protocol/errors';
import { unbroken } from '../ui/notify';
import type { LanguageServer, WorkDone } from './server';

export type Progress = vscode.Progress<{ message?: string; increment?: number }>;

/**
 * Sends a request with a `workDoneToken` of ours, and shows what the server reports under it.
 * @throws FinePruneError of kind `cancelled` when the token was used; ServerDown when the server is or goes down
 */
export async function requestWithProgress<R>(
  server: LanguageServer,
  method: string,
  params: object,
  progress: Progress,
  token: vscode.CancellationToken,
): Promise<R> {
  await server.start();
  const workDoneToken = randomUUID();
  let shown = 0;
  const show = (value: WorkDone): void => {
    if (value.kind === 'end' || token.isCancellationRequested) return;
    const percentage = value.percentage ?? shown;
    progress.report({
      increment: Math.max(0, percentage - shown),
      ...(value.message && { message: unbroken(value.message) }),
    });
    shown = Math.max(shown, percentage);
  };
  const listener = server.onProgress(workDoneToken, show);
  try {
    return await server.request<R>(method, { ...params, workDoneToken }, token);
  } catch (error) {
    if (token.isCancellationRequested && isCancellation(error)) throw cancelled();
    throw error;
  } finally {
    listener.dispose();
  }
}

function isCancellation(error: unknown): boolean {
  return (
    error instanceof ResponseError &&
    (error.code === LSPErrorCodes.RequestCancelled || error.code === LSPErrorCodes.ServerCancelled)
  );
}
