import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lockFile } from '../../process/lockfile';
import { FinePruneError } from '../../../protocol/errors';
import { installCancelled, installFailure, reasonOf } from './failure';
import { readEngine, writeManifest, type EngineManifest, type EngineOrigin } from '../native-manifest';

/** What a builder leaves in its staging folder: paths below it. */
export interface BuiltEngine {
  tensorflowVersion: string;
  /** The addon. */
  binding: string;
  /** The addon and every library it needs. */
  files: string[];
}

/** One source of an engine: fills an empty folder with one that has been seen to load, or throws. */
export interface EngineBuilder {
  origin: EngineOrigin;
  build(staging: string, signal: AbortSignal): Promise<BuiltEngine>;
}

export interface PlaceOptions {
  /** Tried in order, until one succeeds. */
  builders: EngineBuilder[];
  /** Whether an engine that is already there, made meanwhile perhaps by another process, will do. */
  accept(manifest: EngineManifest): boolean;
  /** Called while another process installs. */
  onWait(): void;
  signal?: AbortSignal | undefined;
  /** Age in ms at which the lock of a process that is gone counts as abandoned; at least 2000. */
  staleMs?: number;
}

/** What another source would not mend, or what must not be passed over: a file that was tampered with. */
const FINAL = new Set(['checksum', 'disk', 'folder', 'publish'].map((step) => `engine.install.${step}`));

const STAGING = '.staging-';
const OUTDATED = '.outdated-';
const LOCK = 'install.lock';

/**
 * Puts an engine at `target`, complete or not at all. Everything is built in a staging folder beside
 * it, which becomes the engine by one rename; a lock makes a second installation wait for the first.
 *
 * @throws FinePruneError `engine.install.<step>` of the first builder, with what the others said; or
 *   `engine.install.cancelled`. No staging folder stays behind in either case.
 */
export async function placeEngine(target: string, options: PlaceOptions): Promise<void> {
  await makeFolder(path.dirname(target));
  await underLock(path.dirname(target), options, async (signal) => {
    const { engine } = await readEngine(target);
    if (engine && options.accept(engine.manifest)) return;
    await removeLeftovers(path.dirname(target));
    const failures: FinePruneError[] = [];
    for (const builder of options.builders) {
      try {
        return await buildAndPublish(target, builder, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof FinePruneError) || FINAL.has(error.code)) throw error;
        failures.push(error);
      }
    }
    throw summary(failures);
  });
}

/** Removes the engine at `target`. @returns whether there was anything to remove */
export async function removeEngine(
  target: string,
  options: Pick<PlaceOptions, 'signal' | 'staleMs'> = {},
): Promise<boolean> {
  if (!(await readdir(target).catch(() => undefined))) return false;
  return await underLock(path.dirname(target), { ...options, onWait: () => {} }, async () => {
    const removed = await setAside(target);
    await removeLeftovers(path.dirname(target));
    return removed;
  });
}

async function buildAndPublish(target: string, builder: EngineBuilder, signal: AbortSignal): Promise<void> {
  const staging = await mkdtemp(path.join(path.dirname(target), STAGING)).catch((error: unknown) => {
    throw folderFailure(path.dirname(target), error);
  });
  try {
    const { files, ...about } = await builder.build(staging, signal);
    await writeManifest(staging, { source: builder.origin, ...about }, files);
    signal.throwIfAborted();
    try {
      await setAside(target);
      await rename(staging, target);
    } catch (error) {
      throw installFailure('publish', `${reasonOf(error)}.`, `Check the permissions of ${path.dirname(target)}.`, {
        file: target,
        cause: error,
      });
    }
  } finally {
    await rm(staging, { recursive: true, force: true });
    await removeLeftovers(path.dirname(target));
  }
}

/** A folder with files cannot be renamed over; processes that have the old engine open keep it. */
async function setAside(target: string): Promise<boolean> {
  try {
    await rename(target, path.join(path.dirname(target), `${OUTDATED}${process.pid}-${Date.now()}`));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Only under the lock: whatever is half done then belongs to a process that was killed. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name.startsWith(STAGING) || name.startsWith(OUTDATED))
      await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

async function underLock<T>(
  folder: string,
  options: Pick<PlaceOptions, 'signal' | 'onWait' | 'staleMs'>,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const signal = AbortSignal.any([lost.signal, ...(options.signal ? [options.signal] : [])]);
  try {
    const release = await acquire(folder, options, signal, lost);
    try {
      return await work(signal);
    } finally {
      if (!lost.signal.aborted) await release();
    }
  } catch (error) {
    if (lost.signal.aborted) throw lost.signal.reason;
    throw options.signal?.aborted ? installCancelled() : error;
  }
}

async function acquire(
  folder: string,
  { onWait, staleMs = 20_000 }: Pick<PlaceOptions, 'onWait' | 'staleMs'>,
  signal: AbortSignal,
  lost: AbortController,
): Promise<() => Promise<void>> {
  const onCompromised = (error: Error): void => {
    const todo = 'Run the installation again.';
    lost.abort(
      installFailure('lock', `this process was suspended for too long and lost its turn (${reasonOf(error)}).`, todo, {
        cause: error,
      }),
    );
  };
  for (let waiting = false; ; waiting = true) {
    signal.throwIfAborted();
    try {
      return await lockFile(folder, {
        lockfilePath: path.join(folder, LOCK),
        realpath: false,
        stale: staleMs,
        onCompromised,
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ELOCKED') throw folderFailure(folder, error);
    }
    if (!waiting) onWait();
    await delay(250, undefined, { signal });
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw folderFailure(folder, error);
  }
}

function folderFailure(folder: string, error: unknown): FinePruneError {
  const todo = 'Make it writable, or set FINE_PRUNE_CACHE to a folder that is.';
  return installFailure('folder', `${folder} cannot be written (${reasonOf(error)}).`, todo, {
    file: folder,
    cause: error,
  });
}

/** The first failure is the one to act on: later sources are only fallbacks. */
function summary(failures: FinePruneError[]): FinePruneError {
  const [first, ...others] = failures;
  if (!first)
    return installFailure('platform', 'there is no source of an engine for this machine.', 'Use the WASM backend.');
  if (others.length === 0) return first;
  const also = others.map((failure) => failure.message.replace(/^Installing the native engine /, '')).join(' It ');
  return new FinePruneError({ ...first.toFailure(), message: `${first.message} Then it ${also}` }, { cause: first });
}
