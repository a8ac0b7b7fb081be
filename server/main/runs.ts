import type { CancellationToken, WorkDoneProgressReporter } from 'vscode-languageserver/node';
import { baseName } from '../engine/config/read-config';
import { startEngine } from '../jobs/engine-process';
import { JobQueue } from '../jobs/queue';
import { capital } from '../language/report-text';
import type { EngineEvent, RunOutcome, RunRequest } from '../protocol/engine';
import { badInput, describeFailure, FinePruneError, type Failure } from '../protocol/errors';
import { STATUS_NOTIFICATION, type RunParams, type RunResult, type StatusParams } from '../protocol/lsp';
import type { Board } from './board';
import type { Host } from './host';
import { progressText } from '../language/progress-text';
import { reportPathOf } from './snapshots';
import { pathOf, uriOf } from './uris';

const STATUS_EVERY_MS = 200;
/** Lenses are asked for again at most this often while a run goes on. */
const LENSES_EVERY_MS = 1000;

/** Runs of the defense: one at a time, each in its own process, the others wait where everybody sees them. */
export class Runs {
  private readonly queue = new JobQueue();
  private status: StatusParams = { state: 'idle', queued: 0 };
  private statusTimer: NodeJS.Timeout | undefined;

  constructor(private readonly host: Host, private readonly board: Board, private readonly refreshLenses: () => void, private readonly onSucceeded: () => void) {
    this.queue.on('changed', ({ running, waiting }) => {
      const state = running ? 'running' : 'idle';
      this.update({ state, queued: waiting.length, ...(running ? {} : { running: undefined }) });
    });
  }

  /** Answers when the run has ended; a failure is an answer, not an error. */
  async run(params: RunParams, token: CancellationToken, progress: WorkDoneProgressReporter): Promise<RunResult> {
    const config = pathOf(params.configUri);
    const cancelling = new AbortController();
    const listening = token.onCancellationRequested(() => cancelling.abort());
    if (token.isCancellationRequested) cancelling.abort();
    progress.begin('Fine-Prune', 0, undefined, true);
    try {
      if (!this.host.trusted) throw untrusted();
      if (!config) throw badInput('run.notAFile', 'Only configs on this machine\'s disk can be run.', { todo: 'Save the config to a file first.' });
      const request = await requestOf(this.host, config);
      const outcome = await this.perform(config, request, cancelling.signal, progress);
      await this.succeeded(config, outcome);
      return { ok: true, outcome };
    } catch (error) {
      return { ok: false, failure: await this.failedBecause(error, config) };
    } finally {
      listening.dispose();
      progress.done();
    }
  }

  /** Ends everything that runs or waits. */
  cancelAll(): Promise<void> {
    clearTimeout(this.statusTimer);
    return this.queue.cancelAll();
  }

  private async perform(config: string, request: RunRequest, signal: AbortSignal, progress: WorkDoneProgressReporter): Promise<RunOutcome> {
    const name = baseName(config);
    const shown = (title: string, overall: number, state: 'running' | 'queued' = 'running') => {
      progress.report(Math.floor(overall * 100), title);
      this.board.setActive(config, { state, title, overall });
      if (state === 'running') this.update({ running: { name, title, overall } });
      this.lensesSoon();
    };
    const stopListening = this.queue.on('position', (job) => {
      if (job.key === config && job.state === 'waiting') shown(`Waiting for ${job.position === 1 ? 'another run' : `${job.position} other runs`}`, 0, 'queued');
    });
    try {
      this.board.setFailed(config, undefined);
      const job = this.queue.add<RunOutcome>({
        key: config,
        name,
        signal,
        run: (ending) => {
          shown('Starting the engine', 0);
          this.host.log.info(`Fine-pruning ${config}`);
          return startEngine(request, { signal: ending, startedFrom: 'the editor', onEvent: (event) => this.onEvent(event, shown) });
        },
      });
      return await job.result;
    } finally {
      stopListening();
      this.board.setActive(config, undefined);
    }
  }

  private onEvent(event: EngineEvent, shown: (title: string, overall: number) => void): void {
    switch (event.type) {
      case 'progress':
        shown(progressText(event), event.overall);
        break;
      case 'backend':
        this.update({ backend: { name: event.name, why: event.why, version: event.version } });
        this.host.log.info(`Backend ${event.name}: ${event.why}`);
        break;
      case 'log':
        this.host.log[event.level](event.message);
        break;
      default:
        break;
    }
  }

  private async succeeded(config: string, outcome: RunOutcome): Promise<void> {
    const { report } = outcome;
    this.host.log.info(`${baseName(config)}: ${capital(report.verdict.word)}. ${report.verdict.sentence}`);
    this.update({ last: { name: baseName(config), verdict: report.verdict.word, sentence: report.verdict.sentence, reportUri: uriOf(reportPathOf(config)) } });
    this.board.keep(config);
    this.host.workspace.forget();
    await this.board.refresh(config);
    this.onSucceeded();
  }

  /** The failure to answer with; told in the config too, unless nobody has to act. */
  private async failedBecause(error: unknown, config: string | undefined): Promise<Failure> {
    const failure = failureOf(error);
    if (failure.kind === 'cancelled') this.host.log.info(failure.message);
    else this.host.log.error(describeFailure(failure), error instanceof FinePruneError ? undefined : error);
    if (config && failure.kind !== 'cancelled' && failure.code !== 'run.untrusted') {
      this.board.keep(config);
      this.host.workspace.forget();
      await this.board.refresh(config);
      const writtenPath = failure.file === undefined ? undefined : this.board.config(config)?.writtenPaths.get(failure.file);
      this.board.setFailed(config, { failure, ...(writtenPath !== undefined && { writtenPath }) });
    }
    if (config) await this.board.refresh(config);
    return failure;
  }

  private lensesDue = 0;
  private lensesSoon(): void {
    const now = Date.now();
    if (now < this.lensesDue) return;
    this.lensesDue = now + LENSES_EVERY_MS;
    this.refreshLenses();
  }

  private update(change: { [K in keyof StatusParams]?: StatusParams[K] | undefined }): void {
    this.status = { ...this.status, ...change } as StatusParams;
    this.statusTimer ??= setTimeout(() => {
      this.statusTimer = undefined;
      void this.host.connection.sendNotification(STATUS_NOTIFICATION, this.status).catch(() => undefined);
    }, STATUS_EVERY_MS);
  }
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

export function untrusted(): FinePruneError {
  return badInput('run.untrusted', 'This workspace is not trusted, so nothing is run in it: a model and its data come from whoever made the workspace.', { todo: 'Trust the workspace to run Fine-Prune.' });
}

/** A failure in words for people; what is no FinePruneError is a defect, and says so. */
export function failureOf(error: unknown): Failure {
  if (error instanceof FinePruneError) return error.toFailure();
  return { kind: 'engine', code: 'internal', message: `Something went wrong that should not: ${error instanceof Error ? error.message : String(error)}.`, todo: 'Please report this with the log.' };
}
