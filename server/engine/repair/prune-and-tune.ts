import { allIndices } from '../data/roles';
import { drawn } from '../data/random';
import { masksFor } from '../model/masks';
import type { UnitSite } from '../model/model';
import { findUnitSite, prunableLayers } from '../model/units';
import { train } from '../training/train';
import { curveHits } from '../pruning/curve';
import { curveBudgets, largestWithinLimit } from '../pruning/curve-plan';
import type { Subject } from '../defense/fine-pruning';
import { sourceOf } from '../pass/inputs';
import { measure } from '../pass/measure';
import { pruneOrder } from '../pass/ranking';
import { freshOn, heldOutFigures } from './held-out';
import type { Repair, RepairContext, Repaired } from './repair';
import { pruneCount, DEFAULT_RATIO } from '../../protocol/pruning';

const SOURCE = 'Liu, Dolan-Gavitt, Garg 2018 (Fine-Pruning, section 3)';

/** The reference recipe: ⌊0.2·n⌋ units of the penultimate layer with the lowest mean, then fine-tuning. */
export const finePruning: Repair = {
  name: 'fine-pruning',
  source: SOURCE,
  needsTarget: false,
  cost: 2,
  run: (context) => pruneAndTune(context, context.subject.site, (site) => pruneCount(DEFAULT_RATIO, site.units)),
};

/** As the original paper has it: channels of the last convolution, as many as the accuracy limit allows, then fine-tuning. */
export const finePruningConv: Repair = {
  name: 'fine-pruning-conv',
  source: SOURCE,
  needsTarget: false,
  cost: 2.5,
  run: (context) => pruneAndTune(context, lastConvolution(context), null),
};

/** Whether the model has a convolution that can be pruned. */
export function hasConvolution({ subject: { model } }: { subject: Pick<Subject, 'model'> }): boolean {
  return prunableLayers(model.graph).some((name) => findUnitSite(model.graph, name).kind === 'Conv2D');
}

function lastConvolution({ subject: { model } }: RepairContext): UnitSite {
  return prunableLayers(model.graph)
    .map((name) => findUnitSite(model.graph, name))
    .filter(({ kind }) => kind === 'Conv2D')
    .at(-1)!;
}

/** @param countOf number of units to prune; null for as many as the accuracy limit allows on held-out images */
async function pruneAndTune(
  context: RepairContext,
  site: UnitSite,
  countOf: ((site: UnitSite) => number) | null,
): Promise<Repaired> {
  const { subject, heldOut, pass, onProgress } = context;
  const { config, model, roles, frozen } = subject;
  const measured = await measure(heldOut.clean, site, pass);
  const order = pruneOrder(measured.statistics.mean());
  const draw = (n: number, count: number): Int32Array => drawn(allIndices(n), count, config.seed, 'curve');
  const count = countOf
    ? countOf(site)
    : largestWithinLimit(
        await curveHits(
          { source: heldOut.clean, measured, wanted: 'labels' },
          site,
          order,
          draw,
          curveBudgets(config.curve, false).holdout,
          pass,
        ),
        config.gates.maxAccuracyDrop,
      ).pruned;
  const units = [...order.subarray(0, count)];
  const masks = masksFor(model, site, units);
  try {
    masks.apply();
    const trained = await train({
      model,
      source: sourceOf(roles.fineTune),
      normalisation: subject.normalisation,
      ...config.fineTune,
      seed: config.seed,
      masks,
      frozen: frozen.map(({ layer }) => layer),
      signal: pass.signal,
      onStep: (step, total, soFar) => onProgress((0.9 * step) / total, soFar),
    });
    const fresh = await freshOn(context, (share) => onProgress(0.9 + 0.1 * share));
    const last = trained.history.at(-1);
    return {
      pruned: { site, order, units, rule: 'clean-mean' },
      rounds: [
        {
          inverted: [],
          epochs: config.fineTune.epochs,
          stamped: 0,
          loss: last?.loss ?? 0,
          accuracy: last?.accuracy ?? 0,
          heldOut: await heldOutFigures(heldOut, fresh, pass),
        },
      ],
      keptRound: 1,
      training: { ...config.fineTune, ...trained },
      fresh,
    };
  } finally {
    masks.dispose();
  }
}
