import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { mendOutputs } from '../engine/files/output/mend';
import { checkOutputFolder, type OutputLimits } from '../engine/files/output/place';
import type { EngineEvent } from '../protocol/messages/engine';
import { FinePruneError, type Failure } from '../protocol/errors';
import { list } from '../protocol/words';
import { describeHolder, lockOutput } from './lock';

/** What a process of the engine writes, and where. */
export interface Output {
  readonly folder: string;
  /** Base name, of the lock, too. */
  readonly name: string;
  readonly limits: OutputLimits;
  /** Names of what is written each time. */
  readonly files: readonly string[];
}

export interface LockedOptions {
  onEvent(event: EngineEvent): void;
  signal: AbortSignal;
  startedFrom?: string;
}

/**
 * Does work that writes outputs, under the lock on them. What an earlier process has left half done is mended first. When the work fails,
 * however its process ended, the failure says what is written and what is not.
 *
 * @throws FinePruneError what the work throws; `output.…` of lock and mending
 */
export async function withOutput<T>(
  { folder, name, limits, files }: Output,
  options: LockedOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await checkOutputFolder(folder, limits);
  const lost = new AbortController();
  const log = (message: string): void => options.onEvent({ type: 'log', level: 'info', message });
  const release = await lockOutput(folder, name, {
    what: options.startedFrom ?? 'another run',
    signal: options.signal,
    onWait: (holder) => log(`Waiting for ${describeHolder(holder)}, which writes to the same place.`),
    onLost: () => lost.abort(),
  });
  try {
    const mended = await mendOutputs(folder, name);
    if (mended.length > 0)
      log(`An earlier run was ended while it wrote. Its results are complete now: ${list(mended)}.`);
    const marks = (): Promise<string[]> => Promise.all(files.map((file) => markOf(path.join(folder, file))));
    const before = await marks();
    try {
      return await work(AbortSignal.any([options.signal, lost.signal]));
    } catch (error) {
      if (lost.signal.aborted && !options.signal.aborted) throw lockLost(folder);
      throw await withTruth(error, async () => {
        await mendOutputs(folder, name);
        const after = await marks();
        return files.filter((_, i) => after[i] !== before[i]);
      });
    }
  } finally {
    await release();
  }
}

/** What a name stands for: another file has another mark. */
async function markOf(file: string): Promise<string> {
  const found = await lstat(file, { bigint: true }).catch(() => null);
  return found ? `${found.dev} ${found.ino} ${found.size} ${found.mtimeNs}` : '';
}

/**
 * A failure that says, too, what was written. Bad input needs no such words, unless something was written all the same.
 * @param written mends what is half done and says which files are new
 */
async function withTruth(error: unknown, written: () => Promise<string[]>): Promise<unknown> {
  let truth: string;
  try {
    const files = await written();
    if (files.length > 0) truth = `Its results had been written: ${list(files)}.`;
    else if (error instanceof FinePruneError && error.kind === 'input') return error;
    else truth = 'Nothing was written.';
  } catch (left) {
    truth = `Its results are not all in their places; the next run puts them there, once this is mended: ${left instanceof Error ? left.message : String(left)}`;
  }
  if (!(error instanceof FinePruneError)) return error;
  const failure: Failure = error.toFailure();
  return new FinePruneError({ ...failure, message: `${failure.message} ${truth}` }, { cause: error });
}

function lockLost(folder: string): FinePruneError {
  return new FinePruneError({
    kind: 'engine',
    code: 'output.lockLost',
    message: 'Another run took over the output while this one was suspended. What lies there is for that one to say.',
    file: folder,
    todo: 'Run again.',
  });
}
