import type * as vscode from 'vscode';
import { namingFile } from '../../server/language/text/failure-text';
import { describeFailure, FinePruneError, type Failure } from '../../server/protocol/errors';
import { ServerDown } from '../language/server';

/** What went wrong, as pages are told it; the log has all of it. */
export function failureOf(error: unknown): Failure {
  if (error instanceof FinePruneError) return error.toFailure();
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ServerDown)
    return { kind: 'engine', code: 'server.down', message, todo: 'Try again: the server is started anew.' };
  return { kind: 'engine', code: 'server.failed', message, todo: 'The log says more.' };
}

/** Logs what went wrong with a page's wish. @returns the sentence for the page */
export function toldFault(error: unknown, log: vscode.LogOutputChannel): string {
  log.error(
    error instanceof FinePruneError
      ? describeFailure(error)
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error),
  );
  const failure = failureOf(error);
  return [namingFile(failure), failure.todo].filter(Boolean).join(' ');
}
