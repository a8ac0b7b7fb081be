import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { badInput } from '../../protocol/errors';
import { confinedPath } from '../files/confine';
import { canonicalJson, sha256 } from '../files/hash';
import { parseManifest } from './manifest';
import { MAX_JSON_BYTES, parseModelJson } from './model-json';

/**
 * The hashes that a report has of a model (`OpenModel.hashes`), from its files and without a backend. Weights are read in pieces.
 *
 * @param file absolute path of model.json
 * @throws FinePruneError `model.…`, `path.…` when it can't be read, or weights lie outside of its folder
 */
export async function modelFileHashes(file: string): Promise<{ topology: string; weights: string }> {
  const info = await stat(file).catch(() => null);
  if (!info?.isFile()) throw badInput('model.notFound', 'There is no such model file.', { file, todo: 'Commit the model, or correct the path.' });
  if (info.size > MAX_JSON_BYTES) throw badInput('model.tooLarge', `The model file has ${info.size} bytes; at most ${MAX_JSON_BYTES} are read.`, { file });
  const root = parseModelJson(await readFile(file, 'utf8'), file);
  const folder = path.dirname(await realpath(file));
  const hash = createHash('sha256');
  for (const shard of parseManifest(root).flatMap(({ paths }) => paths)) {
    const real = await confinedPath(folder, shard, { root: folder, folders: [] }, 'weights');
    if (!(await stat(real).catch(() => null))?.isFile()) throw badInput('model.shardMissing', `The weights file "${shard}" is missing.`, { file: real, todo: 'Commit the weight files next to model.json.' });
    for await (const chunk of createReadStream(real)) hash.update(chunk as Buffer);
  }
  return { topology: topologyHash(root.at('modelTopology').value, file), weights: hash.digest('hex') };
}

function topologyHash(topology: unknown, file: string): string {
  try {
    return sha256(canonicalJson(topology ?? null));
  } catch {
    throw badInput('model.badTopology', "The model's topology is nested too deeply.", { file, todo: 'Export the model again.' });
  }
}
