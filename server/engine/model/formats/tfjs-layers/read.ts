import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { Graph } from '../../graph';
import type { Homes } from '../../parameters';
import type { UnreadTensor } from '../../unread';
import type { FileLayout } from '../file-hashes';
import { refuseOtherModel } from '../other-model';
import type { JsonNode } from './json';
import { readModelFile } from './limits';
import { parseModelBytes } from './model-json';
import { parseTopology } from './topology/topology';
import { locateWeights, parseManifest, type ManifestGroup } from './weights/manifest';
import { findShards, type FoundShards } from './weights/shards';
import { unreadTensors } from './weights/unread';

/** What is read of a model before its weights, by whoever opens it and by whoever hashes its files. */
export interface ModelParts {
  /** model.json, byte for byte and as JSON. */
  readonly main: Uint8Array;
  readonly root: JsonNode;
  readonly graph: Graph;
  readonly groups: readonly ManifestGroup[];
  readonly homes: Homes;
  readonly unread: readonly UnreadTensor[];
}

/**
 * What a model.json says.
 * @param name what people call the file, for messages
 * @throws FinePruneError `model.…`
 */
export function partsOf(main: Uint8Array, name: string): ModelParts {
  const root = parseModelBytes(main, name);
  const graph = parseTopology(root);
  const groups = parseManifest(root);
  const homes = locateWeights(graph, groups, root);
  return { main, root, graph, groups, homes, unread: unreadTensors(groups, homes) };
}

/**
 * Reads a model.json and finds its weight files.
 * @param file absolute path of model.json
 * @throws FinePruneError of kind `input`, code `model.…`, for everything that is wrong but the values of the weights
 */
export async function readModel(file: string): Promise<ModelParts & { readonly shards: readonly FoundShards[] }> {
  const parts = partsOf(await readJson(file), file);
  return { ...parts, shards: await findShards(path.dirname(await realpath(file)), parts.groups) };
}

/** See `LayoutReader.layoutOf`. */
export async function layoutOf(file: string): Promise<FileLayout> {
  const { graph, homes, unread, groups, shards } = await readModel(path.resolve(file));
  return {
    format: 'tfjs-layers',
    graph,
    homes,
    unread,
    files: groups.map(({ paths }, i) => paths.map((shard, j) => ({ path: shard, bytes: shards[i]!.sizes[j]! }))),
    parts: shards.map(({ files, sizes }) => files.map((at, j) => ({ file: at, offset: 0, bytes: sizes[j]! }))),
  };
}

async function readJson(file: string): Promise<Uint8Array> {
  const real = await realpath(file).catch(() => file);
  await refuseOtherModel(file, real);
  return await readModelFile(file, real);
}
