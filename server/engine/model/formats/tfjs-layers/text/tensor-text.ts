import { visible } from '../../../../../protocol/text/plain';
import { mainNode, parametersOf, type Graph, type Layer } from '../../../graph';
import { locateWeights, type ManifestGroup, type ManifestTensor } from '../weights/manifest';
import type { JsonNode } from '../json';
import { floats, shortHash, statistics } from '../../values-text';

/** Bytes of a part of a group's concatenated shards; null when they are not all there. */
export type ReadBytes = (group: number, offset: number, bytes: number) => Uint8Array | null;

/** Ranges of indices that one line lists. */
const MAX_RANGES = 200;

/** One line a tensor, in the manifest's order, each standing for itself: a change of one is one changed line of a diff. */
export function tensorLines(groups: readonly ManifestGroup[], read: ReadBytes | null): string[] {
  return groups.flatMap(({ tensors }, group) =>
    tensors.flatMap((tensor) => {
      const bytes = read && read(group, tensor.offset, tensor.bytes);
      if (read && !bytes) return [];
      const declared = `  ${visible(tensor.name)}  [${tensor.shape.join(', ')}] ${tensor.dtype}`;
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
  prunable: (layer: Layer) => boolean,
): string[] {
  const homes = locateWeights(graph, groups, root);
  return graph.layers.flatMap((layer) => {
    const { op, shape } = mainNode(graph, layer);
    if ((op.kind !== 'dense' && op.kind !== 'conv2d') || !prunable(layer)) return [];
    const units = shape.at(-1)!;
    const silent = new Uint8Array(units).fill(1);
    for (const { id } of parametersOf(graph, layer)) {
      const { segment, offset, bytes: length } = homes.get(id)!;
      const bytes = read(segment, offset, length);
      if (!bytes) return [];
      // −0 counts as zero, as it does for everything that reads the weight.
      floats(bytes).forEach((value, i) => {
        if (value !== 0) silent[i % units] = 0;
      });
    }
    const zeroed = [...silent.keys()].filter((u) => silent[u]);
    return [`  ${visible(layer.label)}  ${zeroed.length} of ${units}${zeroed.length ? `: ${ranges(zeroed)}` : ''}`];
  });
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

function rangeOf({ dtype }: ManifestTensor, bytes: Uint8Array): string {
  return dtype === 'float32' && bytes.length > 0 ? statistics(floats(bytes)) : '';
}
