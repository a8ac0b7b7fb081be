import path from 'node:path';
import { assembleModel, checkFinite } from '../../assemble';
import type { OpenModel } from '../../model';
import { readModel, type ModelParts } from './read';
import { summaryOf } from './summary';
import { readShards, type JoinedShards } from './weights/shards';

/**
 * Opens a TF.js Layers model: model.json and the weight shards beside it. A backend must be chosen before.
 *
 * @param file path of model.json
 * @throws FinePruneError of kind `input`, code `model.…`, for everything that is wrong with the files, before anything large is
 *   allocated
 */
export async function openModel(file: string): Promise<OpenModel> {
  const absolute = path.resolve(file);
  const { shards: found, ...parts } = await readModel(absolute);
  const shards = await readShards(found, parts.groups);
  checkFinite({ graph: parts.graph, segments: shards.map(({ bytes }) => bytes), homes: parts.homes }, absolute);
  return assemble(absolute, parts, shards);
}

/**
 * The model of files that are already read and checked.
 * @param shards one for each group
 */
export function assemble(
  file: string,
  { main, graph, groups, homes, unread }: ModelParts,
  shards: readonly JoinedShards[],
): OpenModel {
  return assembleModel({
    format: 'tfjs-layers',
    path: file,
    summary: summaryOf(graph, groups, unread),
    graph,
    segments: shards.map(({ bytes }) => bytes),
    homes,
    unread,
    source: { main, files: shards.map(({ files }) => files) },
  });
}
