import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { badInput } from '../../../../protocol/errors';
import { confinedPath } from '../../../files/confine';
import { canonicalJson, lfsObjectAt, sha256 } from '../../../files/hash';
import { parseManifest, type ManifestGroup } from './weights/manifest';
import { parseModelJson } from './model-json';
import { refuseOtherModel } from '../other-model';
import { wrongSize } from './weights/shards';
import { readPieces } from '../../../files/read';
import { readModelFile } from './limits';

/**
 * The hashes that a report has of a model (`OpenModel.hashes`), from its files and without a backend. Weights are read in pieces.
 *
 * @param file absolute path of model.json
 * @throws FinePruneError `model.…`, `path.…` when it can't be read, weights lie outside of its folder, or their sizes are not those
 *   that it declares
 */
export async function modelFileHashes(file: string): Promise<{ topology: string; weights: string }> {
  const { topology, groups } = await filesOf(file);
  const hash = createHash('sha256');
  for (const { group, files, total } of groups) {
    if (total !== group.bytes) throw await wrongSize(group, files, total);
    for (const real of files)
      await readPieces(real, group.bytes, (piece) => void hash.update(piece), { resolved: true });
  }
  return { topology, weights: hash.digest('hex') };
}

/**
 * The hashes of a model whose one weight file is a Git LFS pointer: those of the content that it stands for.
 * @returns null for all other models: pointers to several files don't give the hash of them together
 * @throws FinePruneError as `modelFileHashes`
 */
export async function pointedModelHashes(file: string): Promise<{ topology: string; weights: string } | null> {
  const { topology, groups } = await filesOf(file);
  const [one, ...others] = groups.flatMap(({ files }) => files);
  const pointed = one !== undefined && others.length === 0 ? await lfsObjectAt(one) : null;
  return pointed && { topology, weights: pointed.sha256 };
}

interface WeightFiles {
  group: ManifestGroup;
  /** Links followed. */
  files: string[];
  /** Their bytes together. */
  total: number;
}

async function filesOf(file: string): Promise<{ topology: string; groups: WeightFiles[] }> {
  await refuseOtherModel(file);
  const root = parseModelJson((await readModelFile(file)).toString('utf8'), file);
  const folder = path.dirname(await realpath(file));
  const groups: WeightFiles[] = [];
  for (const group of parseManifest(root)) {
    const files: string[] = [];
    let total = 0;
    for (const shard of group.paths) {
      const real = await confinedPath(folder, shard, { root: folder, folders: [] }, 'weights');
      const found = await stat(real).catch(() => null);
      if (!found?.isFile())
        throw badInput('model.shardMissing', `The weights file "${shard}" is missing.`, {
          file: real,
          todo: 'Commit the weight files next to model.json.',
        });
      files.push(real);
      total += found.size;
    }
    groups.push({ group, files, total });
  }
  return { topology: topologyHash(root.at('modelTopology').value, file), groups };
}

function topologyHash(topology: unknown, file: string): string {
  try {
    return sha256(canonicalJson(topology ?? null));
  } catch {
    throw badInput('model.badTopology', "The model's topology is nested too deeply.", {
      file,
      todo: 'Export the model again.',
    });
  }
}
