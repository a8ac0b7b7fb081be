import { createHash, type Hash } from 'node:crypto';
import type { ModelFormatId } from '../../protocol/files';
import type { ModelHashes } from '../../protocol/model';
import { canonicalJson, sha256 } from '../files/hash';
import { nodeOf, type Graph, type Node, type Parameter, type Role } from './graph';
import type { ModelSource, OpenModel } from './model';
import { graphBytes, isPlain, patchSegments, type Home, type Homes } from './parameters';
import type { UnreadTensor } from './unread';

/**
 * What identifies a model, whatever file it comes from. `topology` and `weights` cover what the layers read and nothing else, so that a
 * file that computes anything else has other hashes, and the same network in another file has the same:
 *
 * - `topology`: every node that the output depends on, in the order of a walk from the output through the inputs; of each its op with all
 *   its attributes, its inputs, its parameters and its shape. Ids, labels and the order of the file do not count. Attributes are taken as
 *   float32, as engines compute. Left out are identities, which do nothing, and `stream`, which a format's reader counts up itself.
 *   A softmax at the end counts, although it is taken off when a model is opened.
 * - `weights`: each parameter in the order of that walk: its role and shape, then its values in the graph's layout, as little-endian float32,
 *   bit by bit. So −0 is not 0. NaN is hashed like any value, but no model that holds one is opened, so no report has such a hash.
 * - `form`: what tells two files of one model apart: format, names, types, orders and places of tensors, files, tensors that nobody reads.
 */

/** What a hash is made of, and where its bytes are. A format gives it; `OpenModel` has it. */
export interface ModelLayout {
  readonly format: ModelFormatId;
  readonly graph: Graph;
  readonly homes: Homes;
  /** See `ModelSource.files`. */
  readonly files: ModelSource['files'];
  /** Tensors that no layer reads, all of them. */
  readonly unread: readonly UnreadTensor[];
}

/** Gives the bytes of a segment in pieces, in order. */
export type ReadSegment = (segment: number, offset: number, bytes: number) => AsyncIterable<Uint8Array>;

/** SHA-256 of what a graph computes, without its values. */
export function topologyHash(graph: Graph): string {
  return topologyOf(walked(graph));
}

/** The hashes of a model whose weights are read in pieces. Only a parameter in another order of axes is held as a whole. */
export async function hashesOf(layout: ModelLayout, read: ReadSegment): Promise<ModelHashes> {
  const walk = walked(layout.graph);
  const hash = weightsBegin();
  for (const parameter of walk.parameters) {
    const home = begin(hash, parameter, layout.homes);
    const pieces = read(home.segment, home.offset, home.bytes);
    if (isPlain(home)) for await (const piece of pieces) hash.update(piece);
    else hash.update(graphBytes(await joined(pieces), parameter, home));
  }
  return { topology: topologyOf(walk), weights: hash.digest('hex'), form: formOf(layout, walk) };
}

/** The hashes of a model whose segments are in memory. */
export function hashesOfSegments(layout: ModelLayout, segments: readonly Uint8Array[]): ModelHashes {
  const walk = walked(layout.graph);
  const hash = weightsBegin();
  for (const parameter of walk.parameters) {
    const home = begin(hash, parameter, layout.homes);
    const bytes = segments[home.segment]!.subarray(home.offset, home.offset + home.bytes);
    hash.update(graphBytes(bytes, parameter, home));
  }
  return { topology: topologyOf(walk), weights: hash.digest('hex'), form: formOf(layout, walk) };
}

/** The hashes of an opened model as it is now, which are those of the files that saving it would write. */
export function hashesNow(model: OpenModel): ModelHashes {
  const { segments, graph, homes, network } = model;
  return hashesOfSegments(
    layoutOf(model),
    patchSegments(segments, graph.parameters, homes, (id) => network.read(id)),
  );
}

/** What the hashes of an opened model are made of. */
export function layoutOf({
  format,
  graph,
  homes,
  source,
  unread,
}: Pick<OpenModel, 'format' | 'graph' | 'homes' | 'source' | 'unread'>): ModelLayout {
  return { format, graph, homes, files: source.files, unread };
}

function topologyOf({ graph, nodes, parameters, numberOf }: Walk): string {
  const numbers = new Map(parameters.map(({ id }, at) => [id, at]));
  const written = {
    nodes: nodes.map((node) => ({
      op: attributesOf(graph, node),
      inputs: node.inputs.map(numberOf),
      parameters: Object.fromEntries(rolesOf(node).map(([role, id]) => [role, numbers.get(id)!])),
      shape: node.shape,
    })),
    parameters: parameters.map(({ role, shape }) => ({ role, shape })),
  };
  return sha256(`fine-prune topology 1\n${canonicalJson(written)}`);
}

function weightsBegin(): Hash {
  return createHash('sha256').update('fine-prune weights 1\n');
}

/** Says which parameter comes next, so that values can't slide from one into another. */
function begin(hash: Hash, { id, role, shape }: Parameter, homes: Homes): Home {
  hash.update(`${canonicalJson({ role, shape })}\n`);
  return homes.get(id)!;
}

function formOf({ format, graph, homes, files, unread }: ModelLayout, { parameters }: Walk): string {
  const tensors = parameters.map(({ id }) => {
    const { name, segment, offset, bytes, dtype, order } = homes.get(id)!;
    return { name, segment, offset, bytes, dtype, order };
  });
  const layers = graph.layers.map(({ label, type, nodes }) => ({ label, type, nodes: nodes.length }));
  return sha256(`fine-prune form 1\n${canonicalJson({ format, layers, tensors, files, unread })}`);
}

/** In a fixed order, whatever order a format's reader has. */
const ROLES: readonly Role[] = ['kernel', 'bias', 'scale', 'offset', 'mean', 'variance', 'slope'];

function rolesOf({ parameters }: Node): [Role, string][] {
  return ROLES.flatMap((role) => (parameters[role] === undefined ? [] : [[role, parameters[role]]]));
}

/** An op as it is hashed. */
function attributesOf(graph: Graph, node: Node): object {
  if (isSoftmaxTakenOff(graph, node)) return { kind: 'softmax' };
  const attributes = Object.entries(node.op).filter(([key]) => key !== 'stream');
  return Object.fromEntries(attributes.map(([key, value]) => [key, asFloats(value)]));
}

/** Numbers by their value as float32; infinities have no number in JSON. */
function asFloats(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asFloats);
  if (typeof value !== 'number') return value;
  const float = Math.fround(value);
  return Number.isFinite(float) ? float : String(float);
}

function isSoftmaxTakenOff({ softmaxOf }: Graph, { op, label }: Node): boolean {
  return op.kind === 'identity' && label === softmaxOf;
}

interface Walk {
  readonly graph: Graph;
  /** Those that the output depends on without identities, each behind those that it reads. */
  readonly nodes: readonly Node[];
  /** In the order of the nodes that read them first. */
  readonly parameters: readonly Parameter[];
  /** Index in `nodes` of the node whose output a node gives: its own, or that of the one that an identity hands on. */
  readonly numberOf: (id: string) => number;
}

/** A walk from the output: depth first, each node's inputs in their order. */
function walked(graph: Graph): Walk {
  const giver = (id: string): Node => {
    let node = nodeOf(graph, id);
    while (node.op.kind === 'identity' && !isSoftmaxTakenOff(graph, node)) node = nodeOf(graph, node.inputs[0]!);
    return node;
  };
  const numbers = new Map<string, number>();
  const nodes: Node[] = [];
  // Not by recursion: a file says how deep the graph is.
  const open = [{ node: giver(graph.output), next: 0 }];
  while (open.length > 0) {
    const top = open.at(-1)!;
    const input = top.node.inputs[top.next++];
    if (input === undefined) {
      open.pop();
      numbers.set(top.node.id, nodes.length);
      nodes.push(top.node);
    } else {
      const node = giver(input);
      if (!numbers.has(node.id)) open.push({ node, next: 0 });
    }
  }
  const byId = new Map(graph.parameters.map((parameter) => [parameter.id, parameter]));
  const read = new Set(nodes.flatMap((node) => rolesOf(node).map(([, id]) => id)));
  return {
    graph,
    nodes,
    parameters: [...read].map((id) => byId.get(id)!),
    numberOf: (id) => numbers.get(giver(id).id)!,
  };
}

async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  // A reader may use its memory again.
  for await (const piece of pieces) read.push(new Uint8Array(piece));
  return Buffer.concat(read);
}
