import path from 'node:path';
import { forget, notStarted, startChild, tail, whyItDied } from '../server/jobs/engine-child';
import { cancelled, FinePruneError } from '../server/protocol/errors';
import type { Word, Work } from './worker';

/** A process that was told to stop may take this long. */
const STOP_WITHIN_MS = 1_500;

/**
 * Does one piece of work in a process of its own, one thread.
 * @throws FinePruneError what the work failed with; `engine.crashed` and the like when the process dies; `cancelled` when the signal fires
 */
export function inProcess(work: Work, signal: AbortSignal): Promise<Exclude<Word, { type: 'ready' | 'failed' }>> {
  if (signal.aborted) return Promise.reject(cancelled());
  const child = startChild({ workerPath: path.join(__dirname, 'worker.ts'), threads: 1 });
  const log = tail(child);
  return new Promise((resolve, reject) => {
    let last: Word | undefined;
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      child.kill('SIGTERM');
      timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    };
    signal.addEventListener('abort', stop, { once: true });
    child.on('message', (word: Word) => {
      if (word.type === 'ready') child.send(work, () => undefined);
      else last = word;
    });
    child.once('error', (error) => {
      if (child.pid === undefined) reject(new FinePruneError(notStarted(error)));
    });
    child.once('close', (code, by) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      forget(child);
      if (last?.type === 'made' || last?.type === 'computed') return resolve(last);
      if (signal.aborted) return reject(cancelled());
      reject(new FinePruneError(last?.type === 'failed' ? last.failure : whyItDied(code, by, log()), { cause: new Error(log()) }));
    });
  });
}
