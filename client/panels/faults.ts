import type * as vscode from 'vscode';
import { namingFile } from '../../server/language/text/failure-text';
import { describeFailure, FinePruneError, type Failure, failureFrom } from '../../server/protocol/errors';
import { ServerDown } from '../language/server';

/** What went wrong, as pages are told it; the log has all of it. */
export function failureOf(error: unknown): Failure {
  return failureFrom(error, (message) =>
    error instanceof ServerDown
      ? { kind: 'engine', code: 'server.down', message, todo: 'Try again: the server will be restarted.' }
      : { kind: 'engine', code: 'server.failed', message, todo: 'See the log for details.' },
  );
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
