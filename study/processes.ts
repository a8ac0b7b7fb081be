import path from 'node:path';
import { forget, notStarted, startChild, tail, whyItDied } from '../server/jobs/engine-child';
import type { OneDnnFault } from '../server/engine/backend/one-dnn';
import { EngineFailure, retriedWithoutOneDnn } from '../server/jobs/one-dnn-retry';
import { cancelled, FinePruneError } from '../server/protocol/errors';
import type { Word, Work } from './worker';

/** A process that was told to stop may take this long. */
const STOP_WITHIN_MS = 1_500;

type Done = Exclude<Word, { type: 'ready' | 'failed' }>;

/**
 * Does one piece of work in a process of its own, one thread.
 * @throws FinePruneError what the work failed with; `engine.crashed` and the like when the process dies; `cancelled` when the signal fires
 */
export function inProcess(work: Work, signal: AbortSignal): Promise<Done> {
  return retriedWithoutOneDnn(
    (fault) => inOneProcess(work, signal, fault),
    (message) => process.stderr.write(`${message}\n`),
  );
}

function inOneProcess(work: Work, signal: AbortSignal, fault: OneDnnFault | null): Promise<Done> {
  if (signal.aborted) return Promise.reject(cancelled());
  const child = startChild({ workerPath: path.join(__dirname, 'worker.ts'), threads: 1 }, fault);
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
      const failure = last?.type === 'failed' ? last.failure : undefined;
      reject(new EngineFailure(failure ?? whyItDied(code, by, log()), { failure, code, signal: by }, new Error(log())));
    });
  });
}
