import { posix } from 'node:path';
import { pathFault } from '../../../../files/names';
import { layerNamed, type Graph } from '../../../graph';
import type { Home, Homes } from '../../../parameters';
import { isObject, type JsonNode } from '../json';
import { MAX_PARAMETERS } from '../topology/topology';
import { MODEL_FILE } from '../../../../../protocol/files';

/** One tensor of the weights manifest, with its place in the concatenated bytes of its group. */
export interface ManifestTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly offset: number;
  readonly bytes: number;
  readonly place: string;
}

/** Tensors that share a run of shard files. */
export interface ManifestGroup {
  /** Paths of the shards, relative to model.json, with forward slashes. */
  readonly paths: readonly string[];
  readonly tensors: readonly ManifestTensor[];
  /** Bytes that the declared shapes need. */
  readonly bytes: number;
  readonly place: string;
}

const BYTES: Record<string, number> = { float32: 4, int32: 4, uint8: 1, bool: 1, complex64: 8 };
const MAX_BYTES = 4 * MAX_PARAMETERS;
const MAX_NAME = 1_000;
/** Ten times what a model of as many layers as are read has, with its optimizer's. */
const MAX_TENSORS = 100_000;
/** TF.js cuts weights into files of 4 MB. */
const MAX_FILES = 4_096;

/**
 * Reads `weightsManifest`: names, shapes and types, all checked before any file is touched.
 * @throws FinePruneError `model.badManifest`, `model.quantised`, `model.tooLarge`, `model.shardPath`
 */
export function parseManifest(root: JsonNode): ManifestGroup[] {
  const manifest = root.at('weightsManifest', 'The weights manifest');
  if (!manifest.present)
    throw root.refuse(
      'model.badManifest',
      'The file has no "weightsManifest": it does not say where the weights are.',
      'Choose the model.json that `model.save()` or `tensorflowjs_converter` wrote.',
    );
  const names = new Set<string>();
  const paths = new Set<string>();
  let total = 0;
  checkCounts(manifest);
  return manifest.items().map((group) => {
    let offset = 0;
    const tensors = group
      .at('weights')
      .items()
      .map((node): ManifestTensor => {
        const tensor = readTensor(node, offset);
        if (names.has(tensor.name))
          throw node.refuse(
            'model.badManifest',
            `The weights manifest lists the tensor "${tensor.name}" twice.`,
            'Export the model again.',
          );
        names.add(tensor.name);
        offset += tensor.bytes;
        total += tensor.bytes;
        if (total > MAX_BYTES)
          throw node.refuse(
            'model.tooLarge',
            `The declared weights need more than ${MAX_BYTES} bytes.`,
            'The shapes are damaged, or the model is too large to be defended here.',
          );
        return tensor;
      });
    const shards = group
      .at('paths')
      .items()
      .map((node) => {
        const path = shardPath(node);
        if (paths.has(path))
          throw node.refuse(
            'model.shardPath',
            `The weights manifest lists the file "${path}" twice.`,
            'Export the model again.',
          );
        paths.add(path);
        return path;
      });
    return { paths: shards, tensors, bytes: offset, place: group.place };
  });
}

/** Before a list is walked: as many entries as fit into a file would take minutes. */
function checkCounts(manifest: JsonNode): void {
  const check = (of: number, most: number, what: string): void => {
    if (of > most)
      throw manifest.refuse(
        'model.tooLarge',
        `The weights manifest has ${of} ${what}; at most ${most} are supported.`,
        'The file is damaged, or the model is too large to be defended here.',
      );
  };
  const groups = manifest.array();
  const together = (key: string): number =>
    groups.reduce<number>((sum, group) => {
      const list = isObject(group) ? group[key] : undefined;
      return sum + (Array.isArray(list) ? list.length : 0);
    }, 0);
  check(groups.length, MAX_FILES, 'groups');
  check(together('weights'), MAX_TENSORS, 'tensors');
  check(together('paths'), MAX_FILES, 'files');
}

function readTensor(node: JsonNode, offset: number): ManifestTensor {
  node.object();
  const name = node.at('name').string();
  if (name.length > MAX_NAME) throw node.at('name').wrong(`a name of at most ${MAX_NAME} characters`);
  const what = `Tensor "${name.length > 120 ? `${name.slice(0, 120)}…` : name}"`;
  const quantisation = node.at('quantization', what);
  if (quantisation.present) {
    const kind = quantisation.at('dtype').string().slice(0, 40);
    throw quantisation.refuse(
      'model.quantised',
      `${what} is quantised to ${kind}: rounding the weights again after fine-tuning would undo part of the defense.`,
      'Export the model without quantisation (no --quantize_* option) and quantise the defended model afterwards.',
    );
  }
  const dtype = node.at('dtype', what).string();
  const width = Object.hasOwn(BYTES, dtype) ? BYTES[dtype] : undefined;
  if (width === undefined)
    throw node
      .at('dtype', what)
      .refuse(
        'model.unsupportedDtype',
        `${what} is of the type ${dtype.slice(0, 40)}; expected float32.`,
        'Export the model with float32 weights.',
      );
  const shape = node
    .at('shape', what)
    .items()
    .map((size) => size.integer(0, Number.MAX_SAFE_INTEGER));
  // Compared at every factor, so that the product never leaves the range of exact integers.
  let bytes = width;
  for (const size of shape) {
    bytes *= size;
    if (bytes > MAX_BYTES)
      throw node
        .at('shape', what)
        .refuse(
          'model.tooLarge',
          `${what} declares the shape ${shapeText(shape)}, more than ${MAX_BYTES} bytes.`,
          'The shape is damaged, or the model is too large to be defended here.',
        );
  }
  return { name, shape, dtype, offset, bytes, place: node.place };
}

/** A shape for a message: a manifest may give it any number of dimensions. */
const shapeText = (shape: readonly number[]): string => `[${shape.slice(0, 12)}${shape.length > 12 ? ',…' : ''}]`;

/** A path that stays inside the model's folder, judged by its text alone; links are judged when the file is opened. */
function shardPath(node: JsonNode): string {
  const written = node.string();
  const refuse = (why: string) =>
    node.refuse(
      'model.shardPath',
      `The weights file "${written.slice(0, 120)}" ${why}; weights are read only from the model's own folder.`,
      'Do not trust this model.json, or export the model again.',
    );
  if (written === '' || written.includes('\0')) throw refuse('is not a file name');
  if (posix.isAbsolute(written) || /^[A-Za-z]:/.test(written) || written.includes('\\'))
    throw refuse('is not a relative path');
  if (/^([a-z][a-z0-9+.-]*:\/\/|(blob|data|file|mailto):)/i.test(written)) throw refuse('is a URL');
  if (written.split('/').includes('..')) throw refuse('points outside the folder');
  const path = posix.normalize(written);
  if (path === '.' || path.endsWith('/')) throw refuse('is not a file name');
  const fault = pathFault(path);
  if (fault !== null) throw refuse(fault);
  if (path === MODEL_FILE) throw refuse('is the model.json itself');
  return path;
}

/**
 * Where each parameter of the graph is, found in the manifest by layer name and weight name; checks shape and type. Names may have a
 * prefix (`sequential/conv2d/kernel`) and a suffix (`:0`). Tensors that no layer reads are left alone.
 * @throws FinePruneError `model.missingWeight`, `model.weightShape`, `model.unsupportedDtype`
 */
export function locateWeights(graph: Graph, groups: readonly ManifestGroup[], root: JsonNode): Homes {
  const located = byEnding(graph, groups);
  const manifest = root.at('weightsManifest', 'The weights manifest');
  const homes = graph.parameters.map(({ id: wanted, label, shape }): [string, Home] => {
    const found = located.get(wanted) ?? located.get(shortKernel(wanted));
    const match = found?.count === 1 ? found.first : found?.exact;
    if (!match)
      throw manifest.refuse(
        'model.missingWeight',
        `The weights manifest has ${found ? `${found.count} tensors` : 'no tensor'} named "${wanted}"; expected one of shape [${shape}].`,
        'model.json is damaged: export the model again.',
      );
    const { group, tensor } = match;
    if (tensor.dtype !== 'float32')
      throw manifest.refuse(
        'model.unsupportedDtype',
        `Tensor "${tensor.name}" is of the type ${tensor.dtype}; expected float32.`,
        'Export the model with float32 weights.',
      );
    if (String(tensor.shape) !== String(shape))
      throw manifest.refuse(
        'model.weightShape',
        `Tensor "${tensor.name}" has the shape ${shapeText(tensor.shape)}; layer "${label}" (${layerNamed(graph, label)!.type}) needs [${shape}].`,
        'Topology and weights do not belong together: export the model again.',
      );
    const { offset, bytes, name, place } = tensor;
    return [wanted, { segment: group, offset, bytes, dtype: 'float32', order: null, name, place }];
  });
  return new Map(homes);
}

interface Located {
  readonly group: number;
  readonly tensor: ManifestTensor;
}

/** The tensors whose names end in one that a layer asks for. */
interface Ending {
  count: number;
  readonly first: Located;
  /** The first one that is called just so. */
  exact?: Located;
}

/** Keras 3 calls a depthwise kernel just kernel. */
const shortKernel = (id: string): string => id.replace(/depthwise_kernel$/, 'kernel');

/**
 * The tensors by every name that the graph asks for, leading scopes cut off in every way: a layer's own name may hold slashes. Names are
 * looked through for those alone, and counted rather than listed, since a manifest may give thousands of tensors one ending.
 */
function byEnding(graph: Graph, groups: readonly ManifestGroup[]): ReadonlyMap<string, Ending> {
  const wanted = new Set(graph.parameters.flatMap(({ id }) => [id, shortKernel(id)]));
  let longest = 0;
  for (const id of wanted) longest = Math.max(longest, id.length);
  const found = new Map<string, Ending>();
  groups.forEach(({ tensors }, group) => {
    for (const tensor of tensors) {
      const name = tensor.name.replace(/:\d+$/, '');
      const one = { group, tensor };
      let at = name.length > longest ? name.indexOf('/', name.length - longest - 1) + 1 : 0;
      for (let next = name.indexOf('/', at); next >= 0; next = name.indexOf('/', at)) {
        const ending = name.slice(at);
        at = next + 1;
        if (!wanted.has(ending)) continue;
        const known = found.get(ending) ?? { count: 0, first: one };
        known.count++;
        if (ending === name) known.exact ??= one;
        found.set(ending, known);
      }
    }
  });
  return found;
}
