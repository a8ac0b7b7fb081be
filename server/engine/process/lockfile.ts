import fs from 'node:fs';
import { lock, type LockOptions } from 'proper-lockfile';
import { unload } from 'signal-exit';

// proper-lockfile has signal-exit listen to every signal for as long as the process lives, so that it can remove its locks. A signal that
// somebody listens to no longer ends the process by itself: not while it computes, and not where a second copy of signal-exit listens, since
// each leaves the last word to the other. Our locks go with the process's exit, below; one that is killed leaves a lock that goes stale.
unload();

/** Locks that this process holds, and how each is removed. */
const held = new Map<string, (lockPath: string) => void>();
let watching = false;

/**
 * Takes proper-lockfile's lock, and removes it when the process exits. Load that library nowhere else: signals would be swallowed.
 * @returns releases the lock
 * @throws Error with the code `ELOCKED` when somebody else holds it
 */
export async function lockFile(
  file: string,
  options: LockOptions & { lockfilePath: string },
): Promise<() => Promise<void>> {
  const release = await lock(file, {
    ...options,
    onCompromised: (error) => {
      // It is somebody else's now.
      held.delete(options.lockfilePath);
      options.onCompromised?.(error);
    },
  });
  const remove = (options.fs as typeof fs | undefined)?.rmdirSync ?? fs.rmdirSync;
  held.set(options.lockfilePath, remove);
  if (!watching) {
    watching = true;
    process.on('exit', removeHeld);
  }
  return () => {
    held.delete(options.lockfilePath);
    return release();
  };
}

function removeHeld(): void {
  for (const [lockPath, remove] of held) {
    try {
      remove(lockPath);
    } catch {
      // Taken away by somebody else.
    }
  }
}
