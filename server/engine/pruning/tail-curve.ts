import * as tf from '@tensorflow/tfjs-core';
import { forwardFrom, forwardTo } from '../model/forward';
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
  const { model } = options;
  const hits = new Uint32Array(points.length);
  await eachBatch(
    source,
    options,
    (x, start, rows) => {
      const frontier = forwardTo(model, site, x);
      points.forEach((k, at) => {
        const logits = tf.tidy(() => forwardFrom(model, site, frontier, tf.mul(frontier.units, keepMask(order, k))));
        const predicted = argMaxRows(logits.dataSync() as Float32Array, model.classes);
        logits.dispose();
        for (let r = 0; r < rows; r++) {
          if (predicted[r] === (wanted === 'labels' ? source.labels[start + r] : wanted)) hits[at]!++;
          if (taken && predicted[r] === taken.target) taken.shares[at]! += taken.weights[start + r]!;
        }
      });
    },
    CHUNK,
  );
  return hits;
}

/** [units] of 0 for the first k units of `order`, else 1; broadcasts over images and positions. */
function keepMask(order: Int32Array, k: number): tf.Tensor1D {
  const keep = new Float32Array(order.length).fill(1);
  for (let i = 0; i < k; i++) keep[order[i]!] = 0;
  return tf.tensor1d(keep);
}

/** Multiply-adds that one image costs in the layers behind the tap, counted from shapes; elementwise work counts 4 an element. */
export function tailWork(model: OpenModel, site: UnitSite): number {
  const { layers, byName } = model.graph;
  const behind = layers.slice(layers.findIndex((layer) => layer.name === site.tap) + 1);
  // Masking the tap itself: read, multiply, write.
  let work = 8 * product(byName.get(site.tap)!.outputShape);
  for (const layer of behind) {
    const out = product(layer.outputShape);
    const kernel = layer.weights.find((w) => w.name === 'kernel')?.shape;
    // A kernel [..., in, out] meets every output position: positions · prod(kernel shape).
    work += kernel ? (out / kernel.at(-1)!) * product(kernel) : 4 * out;
  }
  return work;
}

function product(shape: readonly number[]): number {
  return shape.reduce((a, d) => a * d, 1);
}
