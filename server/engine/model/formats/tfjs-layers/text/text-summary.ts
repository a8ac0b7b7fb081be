import { HEAD_BYTES, kindOfBytes } from '../../../../files/file-kind';
import { kindWords } from '../../../../files/kinds';
import { lfsObject, MOST_POINTER_BYTES } from '../../../../files/lfs-pointer';
import { canonicalJson } from '../../../../files/hash';
import { visible } from '../../../../../protocol/text/plain';
import { FinePruneError } from '../../../../../protocol/errors';
import { MODEL_FILES } from '../../../../../protocol/files';
import { activationOfLayer } from '../../../activation-functions';
import { mainNode, nodeOf, parametersOf, sizeOf, type Graph, type Layer } from '../../../graph';
import type { JsonNode } from '../json';
import { parseManifest, type ManifestGroup } from '../weights/manifest';
import { parseModelBytes } from '../model-json';
import { shortHash } from '../../values-text';
import { tensorLines, zeroedLines, type ReadBytes } from './tensor-text';
import { parseTopology } from '../topology/topology';
import { isPrunable } from '../../../units';

/**
 * A model as text, for diffs: the same bytes give the same text, and each line stands for itself, so that a diff shows what
 * changed and nothing else. No paths, no times. Works without a backend.
 */

/** Bytes of a weight file by its path in the manifest; null when it is not there. */
export type ShardBytes = (path: string) => Uint8Array | null;

/** A model.json that was read; `graph` is null, with the reason, for a topology that can't be defended. */
interface ReadModel {
  root: JsonNode;
  groups: ManifestGroup[];
  graph: Graph | null;
  problem: string | null;
}

/**
 * Paths of the weight files that a model names, relative to its folder.
 * @param name what people call the model, for messages
 * @throws FinePruneError `model.…` when the text is no TF.js Layers model or its manifest is broken
 */
export function shardPaths(json: Uint8Array, name: string): string[] {
  return parse(json, name).groups.flatMap((group) => group.paths);
}

/**
 * Format, layers, zeroed units and tensors of a model.
 *
 * @param shards null for what model.json says by itself: layers, and tensors as they are declared
 * @throws FinePruneError as `shardPaths`; weights that are missing or too short are a line of the text instead
 */
export function modelText(json: Uint8Array, shards: ShardBytes | null, name: string): string {
  const model = parse(json, name);
  const lines = headLines(model);
  if (!shards) return text([...lines, '', 'Tensors', ...tensorLines(model.groups, null)]);
  const bytes = model.groups.map((group) => joined(group, shards));
  const read: ReadBytes = (group, offset, length) => {
    const whole = bytes[group];
    return whole instanceof Uint8Array ? whole.subarray(offset, offset + length) : null;
  };
  const missing = bytes.flatMap((found) => (typeof found === 'string' ? [`Weights not read: ${found}`] : []));
  const declared = bytes.flatMap((found, g) =>
    typeof found === 'string' ? tensorLines([model.groups[g]!], null) : [],
  );
  return text([...lines, ...missing, ...weightLines(model, read, declared)]);
}

/** One weight file of a model: where it begins in the concatenated bytes of its group. */
export interface WeightFile {
  group: number;
  offset: number;
  bytes: Uint8Array;
}

/**
 * Zeroed units and tensors that lie in one weight file of a model; of a tensor that is cut by the file's end, its hash as far as
 * it goes is part of the next line.
 * @throws FinePruneError as `shardPaths`
 */
export function weightsText(json: Uint8Array, { group, offset, bytes }: WeightFile, name: string): string {
  const model = parse(json, name);
  const end = offset + bytes.length;
  const read: ReadBytes = (g, from, length) =>
    g === group && from >= offset && from + length <= end
      ? bytes.subarray(from - offset, from - offset + length)
      : null;
  const cut = (model.groups[group]?.tensors ?? []).filter(
    (t) => t.offset < end && t.offset + t.bytes > offset && !(t.offset >= offset && t.offset + t.bytes <= end),
  );
  const parts = cut.map((t) => {
    const [from, to] = [Math.max(t.offset, offset), Math.min(t.offset + t.bytes, end)];
    return `  ${visible(t.name)}  bytes ${from - t.offset} to ${to - t.offset} of ${t.bytes}  sha256 ${shortHash(bytes.subarray(from - offset, to - offset))}`;
  });
  return text([
    `Weights of a ${MODEL_FILES['tfjs-layers'].label}, ${bytes.length} bytes`,
    ...weightLines(model, read),
    ...parts,
  ]);
}

/** What tells two manifests apart for the reading of weight files. */
export function manifestKey(json: Uint8Array, name: string): string {
  return JSON.stringify(
    parse(json, name).groups.map(({ paths, tensors }) => [paths, tensors.map((t) => [t.name, t.shape, t.dtype])]),
  );
}

/**
 * Where a weight file of that size belongs in a model: the only file of its group, or one whose neighbours' sizes are known.
 *
 * @param base name of the file without folders
 * @param sizeOf size in bytes of a weight file by its path in the manifest; null when it is not there
 * @returns null when the model names no such file, or the sizes don't add up
 */
export function placeOfShard(
  json: Uint8Array,
  name: string,
  base: string,
  size: number,
  sizeOf: (path: string) => number | null,
): { group: number; offset: number } | null {
  for (const [group, { paths, bytes }] of parse(json, name).groups.entries()) {
    const at = paths.findIndex((path) => path.split('/').at(-1) === base);
    if (at < 0) continue;
    const sizes = paths.map((path, i) => (i === at ? size : sizeOf(path)));
    if (sizes.includes(null) || sizes.reduce<number>((sum, s) => sum + s!, 0) !== bytes) continue;
    return { group, offset: sizes.slice(0, at).reduce<number>((sum, s) => sum + s!, 0) };
  }
  return null;
}

function parse(json: Uint8Array, name: string): ReadModel {
  const root = parseModelBytes(json, name);
  const groups = parseManifest(root);
  try {
    return { root, groups, graph: parseTopology(root), problem: null };
  } catch (error) {
    if (!(error instanceof FinePruneError)) throw error;
    return { root, groups, graph: null, problem: error.message };
  }
}

function headLines({ root, groups, graph, problem }: ReadModel): string[] {
  const parameters = groups.reduce((sum, g) => sum + g.tensors.reduce((s, t) => s + sizeOf(t.shape), 0), 0);
  return [
    MODEL_FILES['tfjs-layers'].label,
    ...(graph ? [`input ${nodeOf(graph, graph.input).shape.join('×')}`, `classes ${graph.classes}`] : []),
    `parameters ${parameters}`,
    `topology sha256 ${topologyHash(root)}`,
    '',
    'Layers',
    ...(graph ? graph.layers.map((layer) => layerLine(graph, layer, root)) : [`  not read: ${visible(problem ?? '')}`]),
  ];
}

function layerLine(graph: Graph, layer: Layer, root: JsonNode): string {
  const { label, type, shape, place } = layer;
  const parameters = parametersOf(graph, layer).reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0);
  const activation = activationOfLayer(graph, layer);
  return [
    `  ${visible(label)}  ${visible(type)}  ${shape.join('×')}`,
    ...(parameters ? [`${parameters} parameters`] : []),
    ...(activation === null ? [] : [activation]),
    // Padding, rate, regularisers …: whatever else changes in a layer shows here, and shows which layer it is. An input is its
    // shape, and has no place of its own where the first layer implies it.
    ...(mainNode(graph, layer).op.kind === 'input' ? [] : [`config ${configHash(place, root)}`]),
  ].join('  ');
}

function configHash(place: string, root: JsonNode): string {
  try {
    return shortHash(canonicalJson(root.follow(place).value ?? null)).slice(0, 8);
  } catch {
    return 'nested too deeply';
  }
}

/** A heading stands only above lines. @param declared lines of tensors that could not be read */
function weightLines({ root, groups, graph }: ReadModel, read: ReadBytes, declared: readonly string[] = []): string[] {
  const section = (title: string, lines: readonly string[]): string[] => (lines.length ? ['', title, ...lines] : []);
  return [
    ...section('Zeroed units', graph ? zeroed(graph, groups, root, read) : []),
    ...section('Tensors', [...tensorLines(groups, read), ...declared]),
  ];
}

function zeroed(graph: Graph, groups: readonly ManifestGroup[], root: JsonNode, read: ReadBytes): string[] {
  try {
    return zeroedLines(graph, groups, root, read, (layer) => isPrunable(graph, layer));
  } catch (error) {
    if (!(error instanceof FinePruneError)) throw error;
    return [`  not read: ${visible(error.message)}`];
  }
}

/** The bytes of a group, or why they are not there. */
function joined(group: ManifestGroup, shards: ShardBytes): Uint8Array | string {
  const parts: Uint8Array[] = [];
  for (const path of group.paths) {
    const bytes = shards(path);
    if (!bytes) return `${visible(path)} is missing`;
    parts.push(bytes);
  }
  const total = parts.reduce((sum, part) => sum + part.length, 0);
  const other =
    total === group.bytes
      ? -1
      : parts.findIndex((part) => kindOfBytes(part.subarray(0, HEAD_BYTES))?.sure === 'content');
  if (other >= 0) return `${visible(group.paths[other]!)} ${whatItIs(parts[other]!)}`;
  if (total !== group.bytes)
    return `${group.paths.map(visible).join(', ')}: ${total} bytes, the declared shapes need ${group.bytes}`;
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(total);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** What lies in the place of weights; of a Git LFS pointer, to what: a diff has to show when that changes. */
function whatItIs(bytes: Uint8Array): string {
  const object = lfsObject(new TextDecoder().decode(bytes.subarray(0, MOST_POINTER_BYTES + 1)));
  if (object) return `is a Git LFS pointer, not fetched  ${object.size} bytes  sha256 ${object.sha256.slice(0, 16)}`;
  return kindWords(kindOfBytes(bytes.subarray(0, HEAD_BYTES))!);
}

function topologyHash(root: JsonNode): string {
  try {
    return shortHash(canonicalJson(root.at('modelTopology').value ?? null));
  } catch {
    return 'not computed: nested too deeply';
  }
}

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
