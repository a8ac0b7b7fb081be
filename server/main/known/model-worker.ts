import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  readFiles,
  readHashes,
  readSummary,
  type FilesQuestion,
  type SummaryAnswer,
  type SummaryQuestion,
} from './model-reader';
import type { ModelHashes } from '../../protocol/model';

/** Models up to this length are read at once, within some milliseconds; longer ones in a thread of their own. */
const AT_ONCE_LENGTH = 256 * 1024;

/** The answer when it can be given at once; undefined for a text that is too long for that. */
export function summaryAtOnce(question: SummaryQuestion): SummaryAnswer | undefined {
  return question.text.length <= AT_ONCE_LENGTH ? readSummary(question) : undefined;
}

/** @throws Error when the thread dies, as when it runs out of memory */
export async function summaryOf(question: SummaryQuestion): Promise<SummaryAnswer> {
  return summaryAtOnce(question) ?? (await inThread<SummaryAnswer>(question));
}

type Asked = Omit<FilesQuestion, 'want'>;

/**
 * Absolute paths of a model's file and of its weight files.
 * @param size bytes of the model's file, without weights that lie beside it
 * @throws Error when it is broken, or the thread dies
 */
export async function filesOf(asked: Asked, size: number): Promise<string[]> {
  const question = { ...asked, want: 'files' } as const;
  return size <= AT_ONCE_LENGTH ? await readFiles(question) : await inThread<string[]>(question);
}

/** Hashes of a model's files, and otherwise as `filesOf`. */
export async function hashesOf(asked: Asked, size: number): Promise<ModelHashes> {
  const question = { ...asked, want: 'hashes' } as const;
  return size <= AT_ONCE_LENGTH ? await readHashes(question) : await inThread<ModelHashes>(question);
}

function inThread<Answer>(question: SummaryQuestion | FilesQuestion): Promise<Answer> {
  const worker = startThread(question);
  return new Promise((resolve, reject) => {
    worker.once('message', (message: Answer) => {
      resolve(message);
      void worker.terminate();
    });
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`the thread that reads ${path.basename(question.file)} ended early (${code})`)),
    );
  });
}

function startThread(workerData: SummaryQuestion | FilesQuestion): Worker {
  const bundled = path.join(__dirname, 'model-reader.js');
  if (existsSync(bundled)) return new Worker(bundled, { workerData });
  // From source: a thread's entry can't be TypeScript, but what it requires can.
  const loader = createRequire(__filename).resolve('tsx/cjs');
  return new Worker(
    `require(${JSON.stringify(loader)}); require(${JSON.stringify(path.join(__dirname, 'model-reader.ts'))});`,
    { eval: true, workerData, execArgv: [] },
  );
}
