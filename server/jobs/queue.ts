import { EventEmitter } from 'node:events';
import { cancelled } from '../protocol/errors';

/** What the queue is asked to do. */
export interface JobSpec<T> {
  /** Same key, same output: shown together, such as the config's path. */
  key: string;
  /** What people read. */
  name: string;
  /** Does the work; must settle soon after the signal fires. */
  run(signal: AbortSignal): Promise<T>;
  /** Cancels the job, waiting or running. */
  signal?: AbortSignal;
}

export interface JobInfo {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'finished';
  /** Number of jobs that come before this one, the running one included; 0 for a job that runs or has finished. */
  readonly position: number;
}

export interface Job<T> extends JobInfo {
  /** Rejects with a FinePruneError of kind `cancelled` when the job is cancelled. */
  readonly result: Promise<T>;
  /** A waiting job leaves the queue at once; a running one gets the signal. */
  cancel(): void;
}

export type JobQueueEvents = {
  /** A job has to wait, or waits at another position than before. */
  position: [JobInfo];
  started: [JobInfo];
  /** Settled, or cancelled while it waited. */
  finished: [JobInfo];
  /** After each of the others: how it stands now. */
  changed: [{ running: JobInfo | null; waiting: readonly JobInfo[] }];
};

class QueuedJob<T> implements Job<T> {
  state: JobInfo['state'] = 'waiting';
  position = 0;
  readonly key: string;
  readonly name: string;
  readonly result: Promise<T>;
  readonly aborter = new AbortController();
  private work: Promise<T> | undefined;
  private settle!: (result: Promise<T>) => void;

  constructor(
    readonly id: number,
    readonly spec: JobSpec<T>,
    private readonly onCancel: (job: QueuedJob<T>) => void,
  ) {
    this.key = spec.key;
    this.name = spec.name;
    this.result = new Promise<T>((resolve) => (this.settle = resolve));
    // A caller that only listens to events must not bring the process down.
    this.result.catch(() => undefined);
  }

  readonly cancel = (): void => {
    if (this.state === 'finished' || this.aborter.signal.aborted) return;
    this.aborter.abort();
    this.onCancel(this);
  };

  /** Does the work to its end; the result is given out only by `deliver`, when the queue has moved on. */
  async perform(): Promise<void> {
    this.state = 'running';
    this.position = 0;
    // In an async function, so that a throw before the first await is a rejection too.
    this.work = (async () => this.spec.run(this.aborter.signal))();
    await this.work.catch(() => undefined);
    this.finish();
  }

  deliver(): void {
    if (this.work) this.settle(this.work);
  }

  /** Ends a job that never ran. */
  drop(): void {
    this.settle(Promise.reject(cancelled()));
    this.finish();
  }

  private finish(): void {
    this.state = 'finished';
    this.position = 0;
    this.spec.signal?.removeEventListener('abort', this.cancel);
  }
}

/**
 * Runs jobs one at a time, in the order in which they came: training takes every core and much memory, and two runs on one
 * model would write the same files.
 */
export class JobQueue {
  private readonly events = new EventEmitter<JobQueueEvents>();
  private readonly waitingJobs: QueuedJob<unknown>[] = [];
  private runningJob: QueuedJob<unknown> | null = null;
  private lastId = 0;

  /** Listens to an event; returns what ends that. */
  on<K extends keyof JobQueueEvents>(event: K, listener: (...args: JobQueueEvents[K]) => void): () => void {
    const untyped = listener as (...args: unknown[]) => void;
    this.events.on(event, untyped as never);
    return () => this.events.off(event, untyped as never);
  }

  /** The job that runs. */
  get running(): JobInfo | null {
    return this.runningJob;
  }

  /** The jobs that wait, next one first. */
  get waiting(): readonly JobInfo[] {
    return this.waitingJobs;
  }

  /** Puts a job at the end of the queue; it starts at once when nothing runs. */
  add<T>(spec: JobSpec<T>): Job<T> {
    const job = new QueuedJob<T>(++this.lastId, spec, () => this.removeIfWaiting(job));
    this.waitingJobs.push(job as QueuedJob<unknown>);
    if (spec.signal?.aborted) job.cancel();
    else {
      spec.signal?.addEventListener('abort', job.cancel, { once: true });
      this.advance();
    }
    return job;
  }

  /** Cancels everything; resolves when the last job has settled. */
  async cancelAll(): Promise<void> {
    const all = [...this.waitingJobs, ...(this.runningJob ? [this.runningJob] : [])];
    for (const job of all) job.cancel();
    await Promise.allSettled(all.map((job) => job.result));
  }

  private removeIfWaiting<T>(job: QueuedJob<T>): void {
    const at = this.waitingJobs.indexOf(job as QueuedJob<unknown>);
    if (at < 0) return;
    this.waitingJobs.splice(at, 1);
    job.drop();
    this.events.emit('finished', job);
    this.renumber();
  }

  private advance(): void {
    if (!this.runningJob) {
      const next = this.waitingJobs.shift();
      if (next) {
        this.runningJob = next;
        const done = next.perform();
        this.events.emit('started', next);
        void done.then(() => {
          this.runningJob = null;
          this.events.emit('finished', next);
          this.advance();
          next.deliver();
        });
      }
    }
    this.renumber();
  }

  private renumber(): void {
    this.waitingJobs.forEach((job, index) => {
      const position = index + (this.runningJob ? 1 : 0);
      if (job.position === position) return;
      job.position = position;
      this.events.emit('position', job);
    });
    this.events.emit('changed', { running: this.runningJob, waiting: [...this.waitingJobs] });
  }
}
