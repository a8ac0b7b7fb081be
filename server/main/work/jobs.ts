import type { WorkDoneProgressReporter } from 'vscode-languageserver/node';
import { JobQueue, type JobSpec } from '../../jobs/queue';
import type { ActiveRun } from '../../language/report/run-state';
import { planText, type EngineEvent } from '../../protocol/messages/engine';
import { STATUS_NOTIFICATION, type StatusParams } from '../../protocol/messages/lsp';
import type { Host } from '../host';
import { label } from '../../protocol/text/label';
import { plain } from '../../protocol/text/plain';

const STATUS_EVERY_MS = 200;
/** Lenses are asked for again at most this often while a job goes on. */
const LENSES_EVERY_MS = 1000;

/** A job as everybody sees it. */
export interface ShownJob<T> extends Pick<JobSpec<T>, 'key' | 'name'> {
  signal: AbortSignal;
  progress: WorkDoneProgressReporter;
  /** What people read while it waits for its process. */
  starting: string;
  /** Keeps how it stands, for lenses; undefined when it has ended. */
  onState(state: ActiveRun | undefined): void;
  run(ending: AbortSignal, show: Show): Promise<T>;
}

/** Tells everybody what a job does now, and how far it is (0 to 1). */
export type Show = (title: string, overall: number) => void;

/** The one queue of runs and scans: each in its own process, the others wait where everybody sees them. */
export class Jobs {
  private readonly queue = new JobQueue();
  private status: StatusParams = { state: 'idle', queued: 0 };
  private statusTimer: NodeJS.Timeout | undefined;
  private lensesDue = 0;

  constructor(
    private readonly host: Host,
    private readonly refreshLenses: () => void,
  ) {
    this.queue.on('changed', ({ running, waiting }) => {
      this.update({
        state: running ? 'running' : 'idle',
        queued: waiting.length,
        ...(running ? {} : { running: undefined }),
      });
    });
  }

  /** @returns when the job has ended; rejects as its work does, and with a failure of kind `cancelled` */
  async perform<T>({ key, name, signal, progress, starting, onState, run }: ShownJob<T>): Promise<T> {
    const shown = (title: string, overall: number, state: ActiveRun['state'] = 'running'): void => {
      progress.report(Math.floor(overall * 100), plain(title));
      onState({ state, title, overall });
      if (state === 'running') this.update({ running: { name, title, overall } });
      this.lensesSoon();
    };
    const stopListening = this.queue.on('position', (job) => {
      if (job.key === key && job.state === 'waiting')
        shown(`Waiting for ${job.position === 1 ? 'another run' : `${job.position} other runs`}`, 0, 'queued');
    });
    try {
      const job = this.queue.add<T>({
        key,
        name,
        signal,
        run: (ending) => {
          shown(starting, 0);
          return run(ending, shown);
        },
      });
      return await job.result;
    } finally {
      stopListening();
      onState(undefined);
    }
  }

  /** What every job's engine says beside its progress. */
  onEvent(event: EngineEvent): void {
    if (event.type === 'backend') {
      this.update({ backend: { name: event.name, why: event.why, version: event.version } });
      this.host.log.info(`Backend ${event.name}: ${event.why}`);
    } else if (event.type === 'plan') this.host.log.info(`${planText(event)}.`);
    else if (event.type === 'log') this.host.log[event.level](event.message);
  }

  /** What came out last. */
  ended(last: NonNullable<StatusParams['last']>): void {
    this.update({ last });
  }

  /** Ends everything that runs or waits. */
  cancelAll(): Promise<void> {
    clearTimeout(this.statusTimer);
    return this.queue.cancelAll();
  }

  private lensesSoon(): void {
    const now = Date.now();
    if (now < this.lensesDue) return;
    this.lensesDue = now + LENSES_EVERY_MS;
    this.refreshLenses();
  }

  private update(change: { [K in keyof StatusParams]?: StatusParams[K] | undefined }): void {
    this.status = labelled({ ...this.status, ...change } as StatusParams);
    this.statusTimer ??= setTimeout(() => {
      this.statusTimer = undefined;
      void this.host.connection.sendNotification(STATUS_NOTIFICATION, this.status).catch(() => undefined);
    }, STATUS_EVERY_MS);
  }
}

/** Status items draw icons; names are no icons. */
function labelled({ last, running, ...others }: StatusParams): StatusParams {
  return {
    ...others,
    ...(last && { last: { ...last, name: label(last.name), sentence: plain(last.sentence) } }),
    ...(running && { running: { ...running, name: label(running.name), title: plain(running.title) } }),
  };
}
