import type { Failure } from '../server/protocol/errors';
import { modelName, type Cell, type Model } from './cells';

export type Job = { type: 'model'; model: Model } | { type: 'cell'; cell: Cell };
export type JobEnd = { ok: true } | { ok: false; failure: Failure };

export interface ScheduleOptions {
  /** Cells to compute, the most telling first. */
  cells: readonly Cell[];
  /** Jobs beside each other. */
  atOnce: number;
  /** Models that are there already, by name. */
  made: ReadonlySet<string>;
  /** Does a job; never rejects. */
  perform(job: Job): Promise<JobEnd>;
  /** Seconds that a job is expected to take. */
  estimate(job: Job): number;
  /** Seconds that are left. */
  left(): number;
  /** A cell will not be computed since its model could not be made. */
  onUnmade(cell: Cell, failure: Failure): void;
}

/**
 * Does as much as fits into the time: the first cell in order whose model is there, else the training of that model. A job that
 * would not end in time is passed over for a shorter one.
 * @returns cells that time did not suffice for, in order
 */
export async function schedule(options: ScheduleOptions): Promise<Cell[]> {
  const { atOnce, perform, estimate, left, onUnmade } = options;
  const waiting = [...options.cells];
  const made = new Set(options.made);
  const inTraining = new Set<string>();
  const unmade = new Map<string, Failure>();
  const running = new Set<Promise<void>>();

  const next = (): Job | null => {
    for (let at = 0; at < waiting.length;) {
      const cell = waiting[at]!;
      const name = modelName(cell);
      const failure = unmade.get(name);
      if (failure) {
        waiting.splice(at, 1);
        onUnmade(cell, failure);
        continue;
      }
      at++;
      if (inTraining.has(name)) continue;
      const own: Job = { type: 'cell', cell };
      const first: Job = made.has(name)
        ? own
        : { type: 'model', model: { data: cell.data, attack: cell.attack, seed: cell.seed } };
      // A model without its cell is of no use.
      if (estimate(own) + (first === own ? 0 : estimate(first)) > left()) continue;
      if (first === own) waiting.splice(at - 1, 1);
      else inTraining.add(name);
      return first;
    }
    return null;
  };
  const work = async (job: Job): Promise<void> => {
    const end = await perform(job);
    if (job.type === 'cell') return;
    const name = modelName(job.model);
    inTraining.delete(name);
    if (end.ok) made.add(name);
    else unmade.set(name, end.failure);
  };

  for (;;) {
    const job = running.size < atOnce ? next() : null;
    if (job) {
      const done: Promise<void> = work(job).finally(() => running.delete(done));
      running.add(done);
    } else if (running.size > 0) await Promise.race(running);
    else return waiting;
  }
}

/** Expected seconds by kind of job: what was measured in this run and before, else what is written in the settings. */
export class Estimates {
  private readonly seen = new Map<string, number[]>();

  constructor(private readonly given: Readonly<Record<string, number>>) {}

  add(kind: string, seconds: number): void {
    this.seen.set(kind, [...(this.seen.get(kind) ?? []), seconds]);
  }

  /** Mean of what was seen, but no less than three quarters of the longest: a mean alone is exceeded half of the time. */
  of(kind: string): number {
    const seen = this.seen.get(kind);
    if (!seen) return this.given[kind.split(' ')[0]!] ?? 120;
    return Math.max(seen.reduce((sum, s) => sum + s, 0) / seen.length, 0.75 * Math.max(...seen));
  }
}
