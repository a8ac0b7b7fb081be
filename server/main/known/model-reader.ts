import { parentPort, workerData } from 'node:worker_threads';
import { canonicalJson, sha256 } from '../../engine/files/hash';
import { parseManifest } from '../../engine/model/formats/tfjs-layers/manifest';
import { parseModelJson } from '../../engine/model/formats/tfjs-layers/model-json';
import { isTfjsModelJson, summarise } from '../../engine/model/formats/tfjs-layers/summary';
import { FinePruneError, type Failure } from '../../protocol/errors';
import type { ModelSummary } from '../../protocol/model';

/**
 * Reads the text of a model.json. Also the entry of a worker thread: parsing ten megabytes of JSON takes a good part of a
 * second, in which the server could answer nothing.
 */

/** What is wanted: the summary of a text that may be something else, or what its hashes rest on. */
export type ModelQuestion =
  { want: 'summary'; text: string; file: string } | { want: 'hashes'; text: string; file: string };

export interface ModelAnswer {
  /** Null when the text is no TF.js model, and when hashes were asked for. */
  summary: ModelSummary | null;
  /** Why a text is no TF.js model that can be defended; null when it is one, and when hashes were asked for. */
  problem: Failure | null;
  /** SHA-256 of the canonical topology, and the weight files relative to the model's folder; null for a summary, or for a broken model. */
  hashes: { topology: string; shards: string[] } | null;
}

export function readModel({ want, text, file }: ModelQuestion): ModelAnswer {
  if (want === 'summary') {
    const summary = summarise(text, file);
    return { summary: isTfjsModelJson(text) ? summary : null, problem: summary.problem ?? null, hashes: null };
  }
  try {
    const root = parseModelJson(text, file);
    const shards = parseManifest(root).flatMap(({ paths }) => paths);
    return {
      summary: null,
      problem: null,
      hashes: { topology: sha256(canonicalJson(root.at('modelTopology').value)), shards },
    };
  } catch (error) {
    if (error instanceof FinePruneError || error instanceof RangeError)
      return { summary: null, problem: null, hashes: null };
    throw error;
  }
}

if (parentPort && (workerData as Partial<ModelQuestion> | null)?.want)
  parentPort.postMessage(readModel(workerData as ModelQuestion));
