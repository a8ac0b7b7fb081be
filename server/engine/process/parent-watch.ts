import { Worker } from 'node:worker_threads';

/** The parent is looked for this often. */
const LOOK_EVERY_MS = 200;

/** After the parent is gone, a run has this long to take its temporary files away. */
export const GRACE_MS = 1_200;

// A thread of its own, since a long TensorFlow op blocks the main thread's event loop and with it every timer and
// 'disconnect'. process.exit() in a thread would end only the thread: it has to be a signal.
// As text, so that it needs neither a second bundle nor a loader.
const WATCHER = `
const { workerData } = require('node:worker_threads');
const gone = () => {
  if (process.ppid !== workerData.parent) return true;
  try { process.kill(workerData.parent, 0); return false; } catch (error) { return error.code === 'ESRCH'; }
};
const timer = setInterval(() => {
  if (!gone()) return;
  clearInterval(timer);
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), workerData.grace);
}, workerData.every);
`;

/**
 * Ends this process within 2 s of its parent's death, even if the main thread is blocked by native code.
 *
 * @param onOrphaned called on the main thread, if it is free, when the channel to the parent closes
 * @returns stops the watch
 */
export function watchParent(onOrphaned: () => void): () => void {
  const watcher = new Worker(WATCHER, {
    eval: true,
    execArgv: [],
    env: {},
    workerData: { parent: process.ppid, every: LOOK_EVERY_MS, grace: GRACE_MS },
  });
  watcher.unref();
  // Without a thread, 'disconnect' below still ends the process whenever the main thread is free.
  watcher.on('error', () => undefined);

  const orphaned = (): void => {
    onOrphaned();
    setTimeout(() => process.exit(1), GRACE_MS);
  };
  process.once('disconnect', orphaned);
  return () => {
    process.removeListener('disconnect', orphaned);
    void watcher.terminate();
  };
}
