import * as vscode from 'vscode';
import { FinePruneError } from '../../server/protocol/errors';
import { RUN_REQUEST, type RunParams, type RunResult } from '../../server/protocol/lsp';
import { requestWithProgress } from '../language/progress';
import type { LanguageServer } from '../language/server';
import { baseName } from '../ui/open';

/** A run that waits or is going on. */
export interface ActiveRun {
  /** What a person calls it: the config's name without its ending. */
  name: string;
  config: vscode.Uri;
  cancel(): void;
}

/** The runs that this window has started, each with one cancellable notification. The queue itself is the server's. */
export class Runs {
  private readonly active = new Map<string, ActiveRun>();

  constructor(private readonly server: LanguageServer, private readonly log: vscode.LogOutputChannel) {}

  list(): ActiveRun[] {
    return [...this.active.values()];
  }

  isActive(config: vscode.Uri): boolean {
    return this.active.has(config.toString());
  }

  /**
   * Runs the defense of one config and shows how far it is, until it ends.
   * @throws ServerDown when the server is or goes down
   */
  async run(config: vscode.Uri): Promise<RunResult> {
    const name = runName(config);
    const source = new vscode.CancellationTokenSource();
    this.active.set(config.toString(), { name, config, cancel: () => source.cancel() });
    const began = Date.now();
    this.log.info(`${name}: run requested.`);
    try {
      const options = { location: vscode.ProgressLocation.Notification, cancellable: true, title: `Fine-Prune ${name}` };
      const result = await vscode.window.withProgress(options, async (progress, token) => {
        token.onCancellationRequested(() => source.cancel());
        source.token.onCancellationRequested(() => progress.report({ message: 'Cancelling …' }));
        progress.report({ message: 'Starting …' });
        const params: RunParams = { configUri: config.toString() };
        return await requestWithProgress<RunResult>(this.server, RUN_REQUEST, params, progress, source.token).catch(asResult);
      });
      const end = result.ok ? result.outcome.report.verdict.word : result.failure.code;
      this.log.info(`${name}: ${end}, after ${((Date.now() - began) / 1000).toFixed(1)} s.`);
      return result;
    } finally {
      this.active.delete(config.toString());
      source.dispose();
    }
  }
}

function asResult(error: unknown): RunResult {
  if (error instanceof FinePruneError) return { ok: false, failure: error.toFailure() };
  throw error;
}

/** `mnist` of `…/mnist.fineprune.json`. */
export const runName = (config: vscode.Uri): string => baseName(config).replace(/\.fineprune\.json$/, '');
