import path from 'node:path';
import { writeTogether } from '../../../files/output/together';
import type { SavedModel } from '../format';
import { checkFolder } from '../saved-folder';
import { parseManifest } from './weights/manifest';
import type { OpenModel } from '../../model';
import { hashesOfSegments, layoutOf } from '../../identity';
import { patchSegments } from '../../parameters';
import { parseModelJson } from './model-json';
import { readText } from '../../../files/read';
import { MOST_MODEL_BYTES } from './limits';
import { MODEL_FILE } from '../../../../protocol/files';

/**
 * Writes the model as it is now: model.json byte for byte as it was read, the same shard names, other weight bytes. See
 * `ModelStorage.save`.
 */
export async function saveModel(model: OpenModel, outFolder: string): Promise<SavedModel> {
  const target = path.resolve(outFolder);
  const replaces = await checkSaveFolder(model, target);
  const bytes = encodeWeights(model);
  const name = path.basename(target);
  await writeTogether({ folder: path.dirname(target), name }, [{ to: name, files: filesOf(model, bytes), replaces }]);
  return { path: path.join(target, MODEL_FILE), ...hashesOfSegments(layoutOf(model), bytes) };
}

/** Whether `saveModel` would take this folder. See `ModelStorage.checkSaveFolder`. */
export async function checkSaveFolder(model: OpenModel, outFolder: string): Promise<readonly string[]> {
  const parts = [MODEL_FILE, ...model.source.files.flat().map(({ path: shard }) => shard)];
  return await checkFolder(path.resolve(outFolder), { input: model.path, parts, partsOfOlder: shardsIn });
}

/** Writes a model as it is now into a folder that may hold other things. See `ModelStorage.saveBeside`. */
export async function saveModelBeside(model: OpenModel, folder: string): Promise<SavedModel> {
  const bytes = encodeWeights(model);
  const parts = [...filesOf(model, bytes)].map(([to, content]) => ({ to, content }));
  await writeTogether({ folder: path.resolve(folder), name: 'model' }, parts);
  return {
    path: path.join(path.resolve(folder), MODEL_FILE),
    ...hashesOfSegments(layoutOf(model), bytes),
  };
}

/** The files of a model as it is now. See `ModelStorage.savedFiles`. */
export const savedFiles = (model: OpenModel): Map<string, Uint8Array> => filesOf(model, encodeWeights(model));

/** What a saved model consists of, by name: every shard, and model.json, by which it is opened, last. */
function filesOf(model: OpenModel, bytes: readonly Uint8Array[]): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  model.source.files.forEach((shards, segment) => {
    let offset = 0;
    for (const shard of shards) {
      files.set(shard.path, bytes[segment]!.subarray(offset, offset + shard.bytes));
      offset += shard.bytes;
    }
  });
  return files.set(MODEL_FILE, model.source.main);
}

/** Weight bytes of each segment: the network's weights at their places, all other tensors as they were read. */
export function encodeWeights({ segments, graph, homes, network }: OpenModel): Uint8Array[] {
  return patchSegments(segments, graph.parameters, homes, (id) => network.read(id));
}

/** Shards of the saved model that is to be replaced; none when there is no readable one. */
async function shardsIn(folder: string): Promise<string[]> {
  const file = path.join(folder, MODEL_FILE);
  try {
    const json = await readText(file, MOST_MODEL_BYTES, { resolved: true });
    return parseManifest(parseModelJson(json, file)).flatMap((group) => group.paths);
  } catch {
    return [];
  }
}
