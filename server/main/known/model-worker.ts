import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { readModel, type ModelAnswer, type ModelQuestion } from './model-reader';

/** Texts up to this length are read at once, within some milliseconds. */
const AT_ONCE_LENGTH = 256 * 1024;

/** The answer when it can be given at once; undefined for a text that is so long that it is read in a thread of its own. */
export function readAtOnce(question: ModelQuestion): ModelAnswer | undefined {
  return question.text.length <= AT_ONCE_LENGTH ? readModel(question) : undefined;
}

/**
 * Reads a model's text, a long one in a thread of its own.
 * @throws Error when the thread dies, as when it runs out of memory
 */
export async function readInThread(question: ModelQuestion): Promise<ModelAnswer> {
  const answer = readAtOnce(question);
  if (answer) return answer;
  const worker = startThread(question);
  return new Promise((resolve, reject) => {
    worker.once('message', (message: ModelAnswer) => {
      resolve(message);
      void worker.terminate();
    });
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new Error(`the thread that reads ${path.basename(question.file)} ended early (${code})`)),
    );
  });
}

function startThread(workerData: ModelQuestion): Worker {
  const bundled = path.join(__dirname, 'model-reader.js');
  if (existsSync(bundled)) return new Worker(bundled, { workerData });
  // From source: a thread's entry can't be TypeScript, but what it requires can.
  const loader = createRequire(__filename).resolve('tsx/cjs');
  return new Worker(
    `require(${JSON.stringify(loader)}); require(${JSON.stringify(path.join(__dirname, 'model-reader.ts'))});`,
    { eval: true, workerData, execArgv: [] },
  );
}
