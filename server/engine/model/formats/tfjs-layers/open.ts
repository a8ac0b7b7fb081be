import { realpath } from 'node:fs/promises';
import path from 'node:path';
import type { JsonNode } from './json';
import { locateWeights, parseManifest, type ManifestGroup } from './weights/manifest';
import { assembleModel, checkFinite } from '../../assemble';
import type { Graph } from '../../graph';
import type { OpenModel } from '../../model';
import type { Homes } from '../../parameters';
import { parseModelBytes } from './model-json';
import { refuseOtherModel } from '../other-model';
import { modelHashes } from './model-hashes';
import { readShards, type JoinedShards } from './weights/shards';
import { summaryOf } from './summary';
import { parseTopology } from './topology/topology';
import { readModelFile } from './limits';

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
  const homes = locateWeights(graph, groups, root);
  const shards = await readShards(path.dirname(await realpath(absolute)), groups);
  checkFinite({ graph, segments: shards.map(({ bytes }) => bytes), homes }, absolute);
  return assemble(absolute, { root, main: json, groups, shards, graph, homes });
}

/** A model's files, read and checked. */
export interface ReadModel {
  /** model.json, byte for byte and as JSON. */
  readonly main: Uint8Array;
  readonly root: JsonNode;
  readonly groups: readonly ManifestGroup[];
  /** One for each group. */
  readonly shards: readonly JoinedShards[];
  readonly graph: Graph;
  readonly homes: Homes;
}

/** The model of files that are already read and checked. */
export function assemble(file: string, { main, root, groups, shards, graph, homes }: ReadModel): OpenModel {
  const segments = shards.map(({ bytes }) => bytes);
  return assembleModel({
    format: 'tfjs-layers',
    path: file,
    summary: summaryOf(graph, groups),
    graph,
    hashes: modelHashes(root, segments),
    segments,
    homes,
    source: { main, files: shards.map(({ files }) => files) },
  });
}

async function readJson(file: string): Promise<Uint8Array> {
  const real = await realpath(file).catch(() => file);
  await refuseOtherModel(file, real);
  return await readModelFile(file, real);
}
