import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { tensor, tidy } from '@tensorflow/tfjs-core';
import { badInput } from '../../../../protocol/errors';
import type { JsonNode } from './json';
import { locateWeights, parseManifest } from './manifest';
import type { ModelSource, OpenModel } from '../../model';
import { parseModelBytes } from './model-json';
import { refuseOtherModel } from '../other-model';
import { modelHashes } from './model-hashes';
import { buildNet, variableOf } from '../../net';
import { readShards } from './shards';
import { summaryOf } from './summary';
import { parseTopology } from './topology';
import { MOST_MODEL_BYTES } from './limits';

/**
 * Opens a TF.js Layers model: model.json and the weight shards beside it. A backend must be chosen before.
 *
 * @param file path of model.json
 * @throws FinePruneError of kind `input`, code `model.…`, for everything that is wrong with the files, before anything large is
 *   allocated
 */
export async function openModel(file: string): Promise<OpenModel> {
  const absolute = path.resolve(file);
  const json = await readJson(absolute);
  const root = parseModelBytes(json, absolute);
  const graph = parseTopology(root);
  const groups = parseManifest(root);
  const weights = locateWeights(graph, groups, root);
  const source: ModelSource = {
    json,
    groups: await readShards(path.dirname(await realpath(absolute)), groups),
    weights,
  };
  checkFinite(source, absolute);
  return assemble(absolute, root, source, graph);
}

/** The model of files that are already read and checked. Takes over `source`. */
export function assemble(file: string, root: JsonNode, source: ModelSource, graph = parseTopology(root)): OpenModel {
  const hashes = modelHashes(
    root,
    source.groups.map((g) => g.bytes),
  );
  const net = buildNet(graph);
  tidy(() => {
    for (const { layer, spec, group, tensor: at } of source.weights) {
      variableOf(net, graph.byName.get(layer)!, spec.name).assign(
        tensor(floats(source, group, at.offset, at.bytes), [...spec.shape]),
      );
    }
  });
  const input = graph.byName.get(graph.input)!.outputShape;
  return {
    format: 'tfjs-layers',
    path: file,
    summary: summaryOf(
      graph,
      source.groups.map((g) => g.manifest),
    ),
    net,
    inputShape: [input[0]!, input[1]!, input[2] ?? 1],
    classes: graph.classes,
    hashes,
    order: graph.layers.map((l) => l.name),
    graph,
    source,
    dispose: () => void net.dispose(),
  };
}

async function readJson(file: string): Promise<Uint8Array> {
  try {
    const real = await realpath(file);
    const found = await stat(real);
    await refuseOtherModel(file, real);
    if (!found.isFile())
      throw badInput('model.notAFile', 'The model path is not a file.', {
        file,
        todo: 'Name the model.json inside that folder.',
      });
    if (found.size > MOST_MODEL_BYTES)
      throw badInput(
        'model.tooLarge',
        `The model file has ${found.size} bytes; at most ${MOST_MODEL_BYTES} are read.`,
        {
          file,
          todo: 'Choose the model.json; weights belong in their own files.',
        },
      );
    return await readFile(real);
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException;
    if (name === 'FinePruneError' || code === undefined) throw error;
    const missing = code === 'ENOENT' || code === 'ENOTDIR';
    throw badInput(
      missing ? 'model.notFound' : 'model.unreadable',
      missing ? 'There is no such model file.' : `The model file can't be read (${code}).`,
      {
        file,
        todo: missing ? 'Check the path; it may have been moved or deleted.' : 'Check the permissions of the file.',
      },
    );
  }
}

/** Little-endian float32, as the format says; copied, since a backend may keep the array it is given. */
function floats(source: ModelSource, group: number, offset: number, bytes: number): Float32Array {
  const start = source.groups[group]!.bytes.byteOffset + offset;
  return new Float32Array(source.groups[group]!.bytes.buffer.slice(start, start + bytes) as ArrayBuffer);
}

function checkFinite(source: ModelSource, file: string): void {
  for (const { group, tensor: at } of source.weights) {
    const index = floats(source, group, at.offset, at.bytes).findIndex((v) => !Number.isFinite(v));
    if (index >= 0) {
      const value = floats(source, group, at.offset, at.bytes)[index]!;
      throw badInput(
        'model.notFinite',
        `Tensor "${at.name}" holds ${value} at index ${index}; expected finite numbers.`,
        {
          file,
          place: at.place,
          todo: 'The training diverged or the file is damaged: train or export the model again.',
        },
      );
    }
  }
}
