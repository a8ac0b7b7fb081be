import * as tf from '@tensorflow/tfjs-core';
import { ActivationStatistics } from '../defense/activations';
import { eachBatch, subsetOf, type InputSource, type PassOptions } from '../defense/inputs';
import { argMaxRows } from '../metrics/evaluate';
import { forwardFrom, forwardTo } from '../model/forward';
import type { UnitSite } from '../model/model';

/** One set of inputs as one layer and the whole network see it. */
export interface Analysed {
  /** The inputs that were analysed: all of a set, or a seeded subset. */
  readonly source: InputSource;
  /** Their positions in the whole set; null when they are all of it. */
  readonly positions: Int32Array | null;
  /** Number of inputs that there are. */
  readonly available: number;
  readonly statistics: ActivationStatistics;
  /** [inputs, units] row-major: activations of a vector, means over the positions of a feature map. */
  readonly activations: Float32Array;
  /** Predicted class of each input. */
  readonly predicted: Int32Array;
}

/**
 * One pass over a set of inputs. Unlike a run it keeps an activation for each input and unit of any layer.
 * @param positions the inputs to analyse; null for all
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function analyse(whole: InputSource, positions: Int32Array | null, site: UnitSite, options: PassOptions): Promise<Analysed> {
  const source = positions ? subsetOf(whole, positions) : whole;
  const statistics = new ActivationStatistics(site.units, options.model.classes);
  const predicted = new Int32Array(source.count);
  const activations = new Float32Array(source.count * site.units);
  await eachBatch(source, options, (x, start, rows) => {
    const frontier = forwardTo(options.model, site, x);
    const { units } = frontier;
    const values = units.dataSync() as Float32Array;
    const spatial = units.shape.slice(1, -1);
    statistics.add(values, source.labels.subarray(start, start + rows), spatial.reduce((a, d) => a * d, 1));
    const means = spatial.length ? (tf.mean(units, spatial.map((_, axis) => axis + 1)).dataSync() as Float32Array) : values;
    activations.set(means, start * site.units);
    predicted.set(argMaxRows(forwardFrom(options.model, site, frontier).dataSync() as Float32Array, options.model.classes), start);
  });
  return { source, positions, available: whole.count, statistics, activations, predicted };
}
