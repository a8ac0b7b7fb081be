import type { Silence } from '../../protocol/messages/engine';
import { argMaxRows } from '../metrics/evaluate';
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
  const { network, classes } = options.model;
  const predicted = new Int32Array(source.count);
  const keep = new Float32Array(site.units).fill(1);
  for (const unit of units) keep[unit] = 0;
  let changed = 0;
  await eachBatch(source, options, (batch, start) => {
    const frontier = network.forwardTo(site, batch);
    try {
      const whole = argMaxRows(network.forwardFrom(site, frontier), classes);
      predicted.set(whole, start);
      if (units.length === 0) return;
      const masked = argMaxRows(network.forwardFrom(site, frontier, keep), classes);
      whole.forEach((label, i) => {
        if (masked[i] !== label) changed++;
      });
    } finally {
      frontier.dispose();
    }
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
  const masks = masksFor(model.graph, site, units);
  return [...masks].some(([id, mask]) => model.network.read(id).some((value, i) => mask[i] === 0 && value !== 0));
}
