import path from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { readBytes } from '../../engine/files/read';
import { formatNamed, formatOfContent, MODEL_FORMATS } from '../../engine/model/formats/registry';
import type { Failure } from '../../protocol/errors';
import { MODEL_FILES, type ModelFormatId } from '../../protocol/files';
import type { ModelHashes, ModelSummary } from '../../protocol/model';

/**
 * Reads models. Also the entry of a worker thread: parsing ten megabytes of JSON takes a good part of a second, in which the server
 * could answer nothing.
 */

/** A text that may be a model, or something else. */
export interface SummaryQuestion {
  text: string;
  /** Absolute path. */
  file: string;
}

export interface SummaryAnswer {
  /** Null when the text is no model. */
  summary: ModelSummary | null;
  /** Why a text is no model that can be defended; null when it is one. */
  problem: Failure | null;
}

/** What a model's files are, or their hashes. */
export interface FilesQuestion {
  want: 'files' | 'hashes';
  format: ModelFormatId;
  /** Absolute path. */
  file: string;
}

export function readSummary({ text, file }: SummaryQuestion): SummaryAnswer {
  const format = formatOfContent(path.basename(file), text);
  const summary = (format ?? MODEL_FORMATS[0]).summary(text, file);
  return { summary: format && summary, problem: summary.problem ?? null };
}

/**
 * Absolute paths of a model's file and of its weight files.
 * @throws FinePruneError `model.…`
 */
export async function readFiles({ format, file }: FilesQuestion): Promise<string[]> {
  const names = formatNamed(format).weightFiles(await readBytes(file, MODEL_FILES[format].mostBytes), file);
  return [file, ...names.map((name) => path.join(path.dirname(file), name))];
}

/**
 * The hashes of a model's files, as a report has them.
 * @throws FinePruneError `model.…`, `path.…`
 */
export async function readHashes({ format, file }: FilesQuestion): Promise<ModelHashes> {
  return await formatNamed(format).hashes.ofFiles(file);
}

const asked = workerData as SummaryQuestion | FilesQuestion | null;
if (parentPort && asked) {
  const answer = (value: unknown): void => parentPort!.postMessage(value);
  if ('text' in asked) answer(readSummary(asked));
  // A rejection ends the thread, which is how its owner hears of it.
  else if ('want' in asked) void (asked.want === 'files' ? readFiles(asked) : readHashes(asked)).then(answer);
}
