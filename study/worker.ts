import { toFailure } from '../server/engine/process/failure';
import { watchParent } from '../server/engine/process/parent-watch';
import type { Failure } from '../server/protocol/errors';
import type { Cell, Model } from './cells';
import type { Place } from './compute';
import type { CellResult } from './result';

/** Study → worker process: one piece of work, after which the process ends. */
export type Work = { type: 'model'; model: Model; place: Place } | { type: 'cell'; cell: Cell; place: Place };
/** Worker process → study. */
export type Word =
  | { type: 'ready' }
  | { type: 'made' }
  | { type: 'computed'; result: CellResult }
  | { type: 'failed'; failure: Failure };

/**
 * Entry of a worker process of the study: like the engine's own, since native code can abort and what one cell leaves in memory must
 * not reach the next.
 */
function main(): void {
  const stopping = new AbortController();
  watchParent(() => stopping.abort());
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const end = (word: Word): void => void process.send?.(word, undefined, undefined, () => process.exit(0));
  process.once('message', (work: Work) => {
    perform(work, stopping.signal).then(end, (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      end({ type: 'failed', failure: toFailure(error) });
    });
  });
  process.send?.({ type: 'ready' } satisfies Word);
}

async function perform(work: Work, signal: AbortSignal): Promise<Word> {
  const { computeCell, makeModel } = await import('./compute');
  const { selectBackend } = await import('../server/engine/backend/select');
  const { confirmOneDnnFault } = await import('../server/engine/backend/one-dnn');
  await selectBackend({ choice: work.place.backend, threads: 1 });
  const result =
    work.type === 'cell'
      ? await computeCell(work.cell, work.place, signal)
      : await makeModel(work.model, work.place, signal);
  await confirmOneDnnFault();
  return result ? { type: 'computed', result } : { type: 'made' };
}

main();
