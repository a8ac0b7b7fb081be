import * as tf from '@tensorflow/tfjs-core';
import type { Silence } from '../../protocol/messages/engine';
import { argMaxRows } from '../metrics/evaluate';
import { forwardFrom, forwardTo } from '../model/forward';
import { masksFor } from '../model/masks';
import type { OpenModel, UnitSite } from '../model/model';
import { eachBatch, type InputSource, type PassOptions } from '../pass/inputs';

/**
 * Predictions of a model and whether units are silent in it: at every input, the prediction must be the same when they are
 * multiplied by zero at their layer's output.
 */
export async function predictMasked(
  source: InputSource,
  site: UnitSite,
  units: readonly number[],
  options: PassOptions,
): Promise<{ predicted: Int32Array; changed: number }> {
  const { model } = options;
  const predicted = new Int32Array(source.count);
  const keep = new Float32Array(site.units).fill(1);
  for (const unit of units) keep[unit] = 0;
  let changed = 0;
  await eachBatch(source, options, (x, start) => {
    const frontier = forwardTo(model, site, x);
    const whole = argMaxRows(forwardFrom(model, site, frontier).dataSync() as Float32Array, model.classes);
    predicted.set(whole, start);
    if (units.length === 0) return;
    const masked = argMaxRows(
      forwardFrom(model, site, frontier, tf.mul(frontier.units, tf.tensor1d(keep))).dataSync() as Float32Array,
      model.classes,
    );
    whole.forEach((label, i) => {
      if (masked[i] !== label) changed++;
    });
  });
  return { predicted, changed };
}

/**
 * Units of which a weight that pruning holds at zero is not zero.
 * @returns ascending
 * @throws FinePruneError `layer.notPrunable` as masksFor does
 */
export function weightedUnits(model: OpenModel, site: UnitSite, units: readonly number[]): Silence['weighted'] {
  // All at once first: in an honest model there is nothing more to look for.
  return hasWeight(model, site, units)
    ? units.filter((unit) => hasWeight(model, site, [unit])).sort((a, b) => a - b)
    : [];
}

function hasWeight(model: OpenModel, site: UnitSite, units: readonly number[]): boolean {
  const masks = masksFor(model, site, units);
  try {
    return masks.entries.some(({ variable, mask }) => {
      const [values, kept] = [variable.dataSync(), mask.dataSync()];
      return values.some((value, i) => kept[i] === 0 && value !== 0);
    });
  } finally {
    masks.dispose();
  }
}
