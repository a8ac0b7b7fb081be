import { sizeOf } from '../model/graph';
import type { UnitSite } from '../model/model';
import { argMaxRows } from '../metrics/evaluate';
import { ActivationStatistics } from './activations';
import { eachBatch, type InputSource, type PassOptions } from './inputs';

/** Bytes that cached activations of one data set may take; with three sets this stays below 1 GB. */
const ACTIVATION_CACHE_BYTES = 256 * 2 ** 20;

/** Predicted class of every input of a source. */
export async function predict(source: InputSource, options: PassOptions): Promise<Int32Array> {
  const predicted = new Int32Array(source.count);
  const { network, classes } = options.model;
  await eachBatch(source, options, (batch, start) => {
    predicted.set(argMaxRows(network.forward(batch), classes), start);
  });
  return predicted;
}

/** All that one pass over a data set tells: predictions, unit statistics and, where they fit, the activations themselves. */
export interface Measured {
  predicted: Int32Array;
  statistics: ActivationStatistics;
  /** [images, units] row-major as they enter the classifier; null when the layer does not feed it directly or they are too many. */
  activations: Float32Array | null;
}

/** Analysis and evaluation in one pass: the network runs once, its tap is read on the way. */
export async function measure(source: InputSource, site: UnitSite, options: PassOptions): Promise<Measured> {
  const { model } = options;
  const statistics = new ActivationStatistics(site.units, model.classes);
  const predicted = new Int32Array(source.count);
  const activations =
    site.feedsClassifier && source.count * site.units * 4 <= ACTIVATION_CACHE_BYTES
      ? new Float32Array(source.count * site.units)
      : null;
  await eachBatch(source, options, (batch, start) => {
    const frontier = model.network.forwardTo(site, batch);
    try {
      const values = frontier.values();
      statistics.add(values, source.labels.subarray(start, start + batch.rows), sizeOf(frontier.positions));
      activations?.set(values, start * site.units);
      predicted.set(argMaxRows(model.network.forwardFrom(site, frontier), model.classes), start);
    } finally {
      frontier.dispose();
    }
  });
  return { predicted, statistics, activations };
}
