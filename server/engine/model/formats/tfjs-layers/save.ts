import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { SavedModel } from '../format';
import { checkFolder, writeBeside, writeFolder } from '../saved-folder';
import { parseManifest } from './manifest';
import type { OpenModel } from '../../model';
import { weightsHash } from './model-hashes';
import { parseModelJson } from './model-json';
import { variableOf } from '../../net';
import { MOST_MODEL_BYTES } from './limits';
import { MODEL_FILE } from '../../../../protocol/files';

/**
 * Writes the model as it is now: model.json byte for byte as it was read, the same shard names, other weight bytes. See
 * `ModelStorage.save`.
 */
export async function saveModel(model: OpenModel, outFolder: string): Promise<SavedModel> {
  const target = await checkSaveFolder(model, outFolder);
  const bytes = encodeWeights(model);
  await writeFolder(target, filesOf(model, bytes));
  return { path: path.join(target, MODEL_FILE), topology: model.hashes.topology, weights: weightsHash(bytes) };
}

/** Whether `saveModel` would take this folder. See `ModelStorage.checkSaveFolder`. */
export async function checkSaveFolder(model: OpenModel, outFolder: string): Promise<string> {
  const parts = [MODEL_FILE, ...model.source.groups.flatMap(({ manifest }) => manifest.paths)];
  return await checkFolder(outFolder, { input: model.path, parts, partsOfOlder: shardsIn });
}

/** Writes a model as it is now into a folder that may hold other things. See `ModelStorage.saveBeside`. */
export async function saveModelBeside(model: OpenModel, folder: string): Promise<SavedModel> {
  const bytes = encodeWeights(model);
  const file = await writeBeside(path.resolve(folder), filesOf(model, bytes), MODEL_FILE);
  return { path: file, topology: model.hashes.topology, weights: weightsHash(bytes) };
}

/** What a saved model consists of, by name: model.json and every shard. */
function filesOf(model: OpenModel, bytes: readonly Uint8Array[]): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>([[MODEL_FILE, model.source.json]]);
  model.source.groups.forEach(({ manifest, shardSizes }, g) => {
    let offset = 0;
    manifest.paths.forEach((shard, i) => {
      files.set(shard, bytes[g]!.subarray(offset, offset + shardSizes[i]!));
      offset += shardSizes[i]!;
    });
  });
  return files;
}

/** Bytes of each group: the network's weights at their places, all other tensors as they were read. */
export function encodeWeights(model: OpenModel): Uint8Array[] {
  const bytes = model.source.groups.map((g) => g.bytes.slice());
  for (const { layer, spec, group, tensor } of model.source.weights) {
    const values = variableOf(model.net, model.graph.byName.get(layer)!, spec.name).dataSync();
    const view = new DataView(bytes[group]!.buffer, tensor.offset, tensor.bytes);
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true);
  }
  return bytes;
}

/** Shards of the saved model that is to be replaced; none when there is no readable one. */
async function shardsIn(folder: string): Promise<string[]> {
  const file = path.join(folder, MODEL_FILE);
  try {
    if ((await lstat(file)).size > MOST_MODEL_BYTES) return [];
    return parseManifest(parseModelJson(await readFile(file, 'utf8'), file)).flatMap((group) => group.paths);
  } catch {
    return [];
  }
}
