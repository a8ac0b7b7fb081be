import { layerOf, nodeOf, parametersOf, sizeOf } from '../model/graph';
import type { OpenModel, UnitSite } from '../model/model';
import { argMaxRows } from '../metrics/evaluate';
import type { Taken } from './dense-curve';
import { eachBatch, type InputSource, type PassOptions } from '../pass/inputs';

/** Images a chunk: bounds memory to chunk · tail activations, whatever the data set's size. */
const CHUNK = 128;

/**
 * The pruning curve of any layer: activations at the layer are computed once for a chunk of images, then the tail of the
 * network runs on them with the first k units of `order` silenced, for each k of `points`.
 * hits[i] = number of inputs whose arg max is the wanted class with points[i] units pruned.
 * @throws FinePruneError of kind `cancelled`
 */
export async function tailCurveHits(
  source: InputSource,
  site: UnitSite,
  order: Int32Array,
  points: readonly number[],
  wanted: 'labels' | number,
  options: PassOptions,
  taken?: Taken,
): Promise<Uint32Array> {
  const { network, classes } = options.model;
  const hits = new Uint32Array(points.length);
  await eachBatch(
    source,
    options,
    (batch, start) => {
      const frontier = network.forwardTo(site, batch);
      try {
        points.forEach((k, at) => {
          const predicted = argMaxRows(network.forwardFrom(site, frontier, keepMask(order, k)), classes);
          for (let r = 0; r < batch.rows; r++) {
            if (predicted[r] === (wanted === 'labels' ? source.labels[start + r] : wanted)) hits[at]!++;
            if (taken && predicted[r] === taken.target) taken.shares[at]! += taken.weights[start + r]!;
          }
        });
      } finally {
        frontier.dispose();
      }
    },
    CHUNK,
  );
  return hits;
}

/** [units] of 0 for the first k units of `order`, else 1. */
function keepMask(order: Int32Array, k: number): Float32Array {
  const keep = new Float32Array(order.length).fill(1);
  for (let i = 0; i < k; i++) keep[order[i]!] = 0;
  return keep;
}

/** Multiply-adds that one image costs in the layers behind the tap, counted from shapes; elementwise work counts 4 an element. */
export function tailWork({ graph }: Pick<OpenModel, 'graph'>, site: UnitSite): number {
  const tap = nodeOf(graph, site.tap);
  const behind = graph.layers.slice(graph.layers.indexOf(layerOf(graph, tap)) + 1);
  // Masking the tap itself: read, multiply, write.
  let work = 8 * sizeOf(tap.shape);
  for (const layer of behind) {
    const out = sizeOf(layer.shape);
    const kernel = parametersOf(graph, layer).find(({ role }) => role === 'kernel')?.shape;
    // A kernel [..., in, out] meets every output position: positions · prod(kernel shape).
    work += kernel ? (out / kernel.at(-1)!) * sizeOf(kernel) : 4 * out;
  }
  return work;
}
