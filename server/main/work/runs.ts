import type { CancellationToken, WorkDoneProgressReporter } from 'vscode-languageserver/node';
import { baseName } from '../../engine/config/read-config';
import { startEngine } from '../../jobs/engine-process';
import { progressText } from '../../language/text/progress-text';
import type { RunOutcome, RunRequest } from '../../protocol/messages/engine';
import { badInput, describeFailure, FinePruneError, type Failure } from '../../protocol/errors';
import type { RunParams, RunResult } from '../../protocol/messages/lsp';
import type { Board } from '../board';
import type { Host } from '../host';
import { requireTrust } from '../trust';
import type { Jobs } from './jobs';
import { reportPathOf } from '../known/snapshots';
import { pathOf, uriOf } from '../uris';
import { capital } from '../../protocol/words';
import { failureOf } from '../failure';

/** Runs of the defense. */
export class Runs {
  constructor(
    private readonly host: Host,
    private readonly board: Board,
    private readonly jobs: Jobs,
    private readonly onSucceeded: () => void,
  ) {}

  /** Answers when the run has ended; a failure is an answer, not an error. */
  async run(params: RunParams, token: CancellationToken, progress: WorkDoneProgressReporter): Promise<RunResult> {
    const config = pathOf(params.configUri);
    progress.begin('Fine-Prune', 0, undefined, true);
    const { signal, dispose } = signalOf(token);
    try {
      requireTrust(this.host);
      if (!config)
        throw badInput('run.notAFile', "Only configs on this machine's disk can be run.", {
          todo: 'Save the config to a file first.',
        });
      const request = await requestOf(this.host, config);
      const outcome = await this.perform(config, request, signal, progress);
      await this.succeeded(config, outcome);
      return { ok: true, outcome };
    } catch (error) {
      return { ok: false, failure: await this.failedBecause(error, config) };
    } finally {
      dispose();
      progress.done();
    }
  }

  private async perform(
    config: string,
    request: RunRequest,
    signal: AbortSignal,
    progress: WorkDoneProgressReporter,
  ): Promise<RunOutcome> {
    this.board.setFailed(config, undefined);
    return await this.jobs.perform<RunOutcome>({
      key: config,
      name: baseName(config),
      signal,
      progress,
      starting: 'Starting the engine',
      onState: (state) => this.board.setActive(config, state),
      run: (ending, show) => {
        this.host.log.info(`Fine-pruning ${config}`);
        return startEngine(request, {
          signal: ending,
          startedFrom: 'the editor',
          onEvent: (event) => {
            if (event.type === 'progress') show(progressText(event), event.overall);
            else this.jobs.onEvent(event);
          },
        });
      },
    });
  }

  private async succeeded(config: string, outcome: RunOutcome): Promise<void> {
    const { word, sentence } = outcome.report.verdict;
    const name = baseName(config);
    this.host.log.info(`${name}: ${capital(word)}. ${sentence}`);
    this.jobs.ended({ of: 'run', name, verdict: word, sentence, reportUri: uriOf(reportPathOf(config)) });
    this.board.keep(config);
    this.host.workspace.forget();
    await this.board.refresh(config);
    this.onSucceeded();
  }

  /** The failure to answer with; reported in the config too, unless nobody has to act. */
  private async failedBecause(error: unknown, config: string | undefined): Promise<Failure> {
    const failure = failureOf(error);
    logFailure(this.host, failure, error);
    if (config && failure.kind !== 'cancelled' && failure.code !== 'run.untrusted') {
      this.board.keep(config);
      this.host.workspace.forget();
      await this.board.refresh(config);
      const writtenPath =
        failure.file === undefined ? undefined : this.board.config(config)?.writtenPaths.get(failure.file);
      this.board.setFailed(config, { failure, ...(writtenPath !== undefined && { writtenPath }) });
    }
    if (config) await this.board.refresh(config);
    return failure;
  }
}

/** A request's cancellation as a signal. */
export function signalOf(token: CancellationToken): { signal: AbortSignal; dispose(): void } {
  const cancelling = new AbortController();
  const listening = token.onCancellationRequested(() => cancelling.abort());
  if (token.isCancellationRequested) cancelling.abort();
  return { signal: cancelling.signal, dispose: () => listening.dispose() };
}

/** What was foreseen says all it has to say; of a defect, the log gets the stack. */
export function logFailure({ log }: Host, failure: Failure, error: unknown): void {
  if (failure.kind === 'cancelled') log.info(failure.message);
  else log.error(describeFailure(failure), error instanceof FinePruneError ? undefined : error);
}

/** What the settings of a config's folder say about running it. */
export async function requestOf({ settings, workspace }: Host, config: string): Promise<RunRequest> {
  const { dataFolders, backend, nativeEnginePath } = await settings.get(uriOf(config));
  return {
    config,
    // Another folder of the same workspace is no stranger's.
    allowedFolders: [...dataFolders, ...workspace.roots],
    root: workspace.rootOf(config),
    ...(backend && { overrides: { backend } }),
    ...(nativeEnginePath && { nativeBinding: nativeEnginePath }),
  };
}
