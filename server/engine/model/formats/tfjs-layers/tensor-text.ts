import { sha256 } from '../../../files/hash';
import { plain } from '../../../files/plain';
import type { Graph, GraphLayer } from '../../graph';
import { locateWeights, type ManifestGroup, type ManifestTensor } from './manifest';
import type { JsonNode } from './json';

/** Bytes of a part of a group's concatenated shards; null when they are not all there. */
export type ReadBytes = (group: number, offset: number, bytes: number) => Uint8Array | null;

/** Digits of a SHA-256 that a text shows: enough to tell two tensors apart, few enough to read. */
const HASH_DIGITS = 16;
/** Ranges of indices that one line lists. */
const MAX_RANGES = 200;

/** One line a tensor, in the manifest's order, each standing for itself: a change of one is one changed line of a diff. */
export function tensorLines(groups: readonly ManifestGroup[], read: ReadBytes | null): string[] {
  return groups.flatMap(({ tensors }, group) =>
    tensors.flatMap((tensor) => {
      const bytes = read && read(group, tensor.offset, tensor.bytes);
      if (read && !bytes) return [];
      const declared = `  ${plain(tensor.name)}  [${tensor.shape.join(', ')}] ${tensor.dtype}`;
      return [bytes ? `${declared}  sha256 ${shortHash(bytes)}${rangeOf(tensor, bytes)}` : declared];
    }),
  );
}

/**
 * One line for each Dense and Conv2D layer that may be pruned: how many of its units have nothing but zeros as incoming weights
 * and bias, and which. A layer whose weights can't all be read has none.
 */
export function zeroedLines(
  graph: Graph,
  groups: readonly ManifestGroup[],
  root: JsonNode,
  read: ReadBytes,
  prunable: (layer: GraphLayer) => boolean,
): string[] {
  const weights = locateWeights(graph, groups, root);
  return graph.layers.flatMap((layer) => {
    if ((layer.op.kind !== 'dense' && layer.op.kind !== 'conv2d') || !prunable(layer)) return [];
    const units = layer.op.kind === 'dense' ? layer.op.units : layer.op.filters;
    const silent = new Uint8Array(units).fill(1);
    for (const { group, tensor } of weights.filter((w) => w.layer === layer.name)) {
      const bytes = read(group, tensor.offset, tensor.bytes);
      if (!bytes) return [];
      // −0 counts as zero, as it does for everything that reads the weight.
      floats(bytes).forEach((value, i) => {
        if (value !== 0) silent[i % units] = 0;
      });
    }
    const zeroed = [...silent.keys()].filter((u) => silent[u]);
    return [`  ${plain(layer.name)}  ${zeroed.length} of ${units}${zeroed.length ? `: ${ranges(zeroed)}` : ''}`];
  });
}

/** First digits of the SHA-256 of bytes. */
export function shortHash(bytes: Uint8Array | string): string {
  return sha256(bytes).slice(0, HASH_DIGITS);
}

/** `3, 7–9, 12` for ascending indices. */
export function ranges(indices: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  }
  const shown = runs.slice(0, MAX_RANGES).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return runs.length > MAX_RANGES
    ? `${shown.join(', ')} and more (sha256 ${shortHash(indices.join())})`
    : shown.join(', ');
}

/** Smallest and largest value, and how many are no number; for float32 alone, the only type that training changes. */
export function statistics(values: Float32Array): string {
  let low = Infinity;
  let high = -Infinity;
  let odd = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) odd++;
    else {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  const finite = low <= high ? `  min ${short(low)} max ${short(high)}` : '';
  return odd ? `${finite}  ${odd} not finite` : finite;
}

/** Little-endian float32 of bytes at any offset; a rest of fewer than four bytes is left out. */
export function floats(bytes: Uint8Array): Float32Array {
  const length = bytes.length - (bytes.length % 4);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + length) as ArrayBuffer);
}

function rangeOf({ dtype }: ManifestTensor, bytes: Uint8Array): string {
  return dtype === 'float32' && bytes.length > 0 ? statistics(floats(bytes)) : '';
}

const short = (value: number): string => String(Number(value.toPrecision(6)));
