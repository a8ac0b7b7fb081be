import fs from 'node:fs';
import { lstat, mkdir, rm, rmdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { outputFailure } from '../engine/files/output/failure';
import { shortName } from '../engine/files/output/work-folder';
import { readText } from '../engine/files/read';
import { lockFile } from '../engine/process/lockfile';
import { badInput, cancelled } from '../protocol/errors';
import { lockName } from '../protocol/files';

/** Who holds a lock, as other processes read it. */
export interface LockHolder {
  pid: number;
  host: string;
  /** Where the run was started, in words for people: `a terminal`, `the editor`. */
  what: string;
}

export interface LockOptions {
  /** Where this run was started, for others that wait. */
  what: string;
  /** Called once when somebody else holds the lock. */
  onWait?: (holder: LockHolder | null) => void;
  /** How long to wait for somebody else, in milliseconds. Default 8,000: long enough for a dead holder's lock to go stale. */
  waitMs?: number;
  /** Called when the lock was lost to somebody else, as after a long sleep of the machine: stop writing. */
  onLost?: () => void;
  signal?: AbortSignal;
}

/** A lock that was not renewed for this long belongs to a dead process. The holder renews it every second. */
const STALE_MS = 5_000;
const LOOK_EVERY_MS = 200;
const HOLDER_FILE = 'holder.json';
const MOST_HOLDER_BYTES = 4_096;

/**
 * Takes the lock on what is written as `<folder>/<name>.…`, across processes. It lies in the output folder itself: the
 * one place that a terminal, an editor and a container that write there all see. The folder is made if it is missing,
 * and taken away again on release if it is still empty.
 *
 * @param name the config's base name
 * @returns releases the lock; safe to call twice
 * @throws FinePruneError `output.busy` naming the holder when it is not free in time, `output.…` of outputFailure when the
 *   folder can't be written, `cancelled` when the signal fires first
 */
export async function lockOutput(folder: string, name: string, options: LockOptions): Promise<() => Promise<void>> {
  let madeFrom: string | undefined;
  try {
    madeFrom = await mkdir(folder, { recursive: true });
  } catch (error) {
    throw outputFailure(error, folder);
  }
  const lockPath = path.join(folder, lockName(shortName(name)));
  const holder: LockHolder = { pid: process.pid, host: os.hostname(), what: options.what };
  const deadline = Date.now() + (options.waitMs ?? 8_000);
  const stopped = clocklessly(lockPath);
  let told = false;
  try {
    for (;;) {
      if (options.signal?.aborted) throw cancelled();
      const release = await tryLock(path.join(folder, name), lockPath, holder, options.onLost);
      if (release) {
        let releasing: Promise<void> | undefined;
        return () =>
          (releasing ??= release()
            // Lost to somebody else: then it is theirs to release.
            .catch(() => undefined)
            .then(() => removeIfEmpty(folder, madeFrom)));
      }
      if (await stopped()) await rm(lockPath, { recursive: true, force: true });
      const other = await readHolder(lockPath);
      if (!told) options.onWait?.(other);
      told = true;
      if (Date.now() >= deadline) throw busy(folder, name, other);
      await delay(LOOK_EVERY_MS, undefined, { signal: options.signal }).catch(() => undefined);
    }
  } catch (error) {
    await removeIfEmpty(folder, madeFrom);
    throw error;
  }
}

/** Words for a holder, such as `the editor (process 4711)`. */
export function describeHolder(holder: LockHolder | null): string {
  if (!holder) return 'another process';
  const elsewhere = holder.host === os.hostname() ? '' : ` on ${holder.host}`;
  return `${holder.what} (process ${holder.pid}${elsewhere})`;
}

/** One attempt; null when somebody else holds the lock. `output` need not exist: proper-lockfile only tells its locks apart by it. */
async function tryLock(
  output: string,
  lockPath: string,
  holder: LockHolder,
  onLost?: () => void,
): Promise<(() => Promise<void>) | null> {
  try {
    return await lockFile(output, {
      lockfilePath: lockPath,
      stale: STALE_MS,
      update: 1_000,
      realpath: false,
      fs: fsWithHolder(holder),
      onCompromised: () => onLost?.(),
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOCKED') return null;
    throw outputFailure(error, path.dirname(output));
  }
}

/** proper-lockfile's lock is a folder; ours has a note in it that says who holds it, hence the removal of what is inside. */
function fsWithHolder(holder: LockHolder): typeof fs {
  const removal = { recursive: true, force: true } as const;
  return {
    ...fs,
    mkdir: (dir: string, done: (error: NodeJS.ErrnoException | null) => void) =>
      fs.mkdir(dir, (error) => {
        if (error) done(error);
        else {
          fs.writeFile(path.join(dir, HOLDER_FILE), JSON.stringify(holder), (failed) => {
            if (failed) fs.rm(dir, removal, () => done(failed));
            else done(null);
          });
        }
      }),
    rmdir: (dir: string, done: (error: NodeJS.ErrnoException | null) => void) => fs.rm(dir, removal, done),
    rmdirSync: (dir: string) => fs.rmSync(dir, removal),
  } as unknown as typeof fs;
}

/**
 * Whether a lock has not been renewed for as long as it takes to go stale, by a clock that never jumps. Only of locks from the future, which
 * the machine's clock would call fresh until that comes.
 */
function clocklessly(lockPath: string): () => Promise<boolean> {
  let seen: { renewed: number; since: number } | null = null;
  return async () => {
    const renewed = await lstat(lockPath).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    );
    if (renewed === null || renewed < Date.now() + STALE_MS) seen = null;
    else if (seen?.renewed !== renewed) seen = { renewed, since: performance.now() };
    return seen !== null && performance.now() - seen.since > STALE_MS;
  };
}

async function readHolder(lockPath: string): Promise<LockHolder | null> {
  try {
    // Where the lock came with a repository, this may be anything.
    const text = await readText(path.join(lockPath, HOLDER_FILE), MOST_HOLDER_BYTES, { resolved: true });
    const value = JSON.parse(text) as Partial<LockHolder>;
    const { pid, host, what } = value;
    return typeof pid === 'number' && typeof host === 'string' && typeof what === 'string' ? { pid, host, what } : null;
  } catch {
    return null;
  }
}

/** Takes away the folders that were made for the lock, from the inside out, as long as they are empty. */
async function removeIfEmpty(folder: string, madeFrom: string | undefined): Promise<void> {
  if (madeFrom === undefined) return;
  for (let dir = folder; dir.length >= madeFrom.length; dir = path.dirname(dir)) {
    try {
      await rmdir(dir);
    } catch {
      return;
    }
  }
}

function busy(folder: string, name: string, holder: LockHolder | null): Error {
  return badInput('output.busy', `Another run is writing \`${name}\` to this folder: ${describeHolder(holder)}.`, {
    file: folder,
    todo: 'Wait until it has finished, or choose another output folder.',
  });
}
