import { badInput } from '../../protocol/errors';
import { ActivationStatistics } from '../pass/activations';
import { denseTail } from '../pruning/curve';
import type { DenseTail } from '../pruning/dense-curve';
import { eachBatch, subsetOf, type InputSource, type PassOptions } from '../pass/inputs';
import { argMaxRows } from '../metrics/evaluate';
import { sizeOf } from '../model/graph';
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
  /** [inputs, classes] in float64: what a mask takes its units away from; null for a layer that does not feed the classifier. */
  readonly logits: Float64Array | null;
}

/**
 * One pass over a set of inputs. Unlike a run it keeps an activation for each input and unit of any layer.
 * @param positions the inputs to analyse; null for all
 * @throws FinePruneError `layer.notFinite` where an activation overflows float32; of kind `cancelled` within one batch
 */
export async function analyse(
  whole: InputSource,
  positions: Int32Array | null,
  site: UnitSite,
  options: PassOptions,
): Promise<Analysed> {
  const source = positions ? subsetOf(whole, positions) : whole;
  const statistics = new ActivationStatistics(site.units, options.model.classes);
  const predicted = new Int32Array(source.count);
  const activations = new Float32Array(source.count * site.units);
  const tail = site.feedsClassifier ? denseTail(options.model, site) : null;
  const logits = tail && new Float64Array(source.count * tail.classes);
  const { network, classes } = options.model;
  await eachBatch(source, options, (batch, start) => {
    const frontier = network.forwardTo(site, batch);
    try {
      const end = start + batch.rows;
      statistics.add(frontier.values(), source.labels.subarray(start, end), sizeOf(frontier.positions));
      const means = frontier.means();
      // Weights are finite, but what they add up to need not be: no mean, order or chart says anything then.
      if (!means.every(Number.isFinite)) throw notFinite(site.layer);
      activations.set(means, start * site.units);
      if (tail) addLogits(means, tail, logits!.subarray(start * tail.classes, end * tail.classes));
      predicted.set(argMaxRows(network.forwardFrom(site, frontier), classes), start);
    } finally {
      frontier.dispose();
    }
  });
  return { source, positions, available: whole.count, statistics, activations, predicted, logits };
}

/** Memory that one analysed input takes, in bytes. */
export function bytesPerInput(units: number, classes: number): number {
  return 4 * units + 8 * classes + 4;
}

/** Memory that the statistics of a set take, however many inputs it has, in bytes: a sum for each unit and class, and what is kept of each unit. */
export function bytesPerSet(units: number, classes: number): number {
  return 8 * units * classes + 28 * units;
}

function notFinite(layer: string): Error {
  return badInput(
    'layer.notFinite',
    `Activations of layer "${layer}" are not finite: the weights before it make numbers that float32 can't hold.`,
    { todo: 'Train or export the model again, or choose an earlier layer.' },
  );
}

/** Adds bias and weighted units to `logits`, a row an input. */
function addLogits(activations: Float32Array, { units, classes, kernel, bias }: DenseTail, logits: Float64Array): void {
  for (let at = 0, row = 0; row < logits.length; row += classes) {
    for (let c = 0; c < classes; c++) logits[row + c]! += bias[c]!;
    for (let u = 0; u < units; u++, at++) {
      const a = activations[at]!;
      if (a !== 0) for (let c = 0; c < classes; c++) logits[row + c]! += a * kernel[u * classes + c]!;
    }
  }
}
