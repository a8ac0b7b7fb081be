import { allIndices } from '../data/roles';
import { drawn } from '../data/random';
import { applyMasks, masksFor } from '../model/masks';
import type { UnitSite } from '../model/model';
import { findUnitSite, prunableLayers } from '../model/units';
import { train, type Trained } from '../training/train';
import { curveHits } from '../pruning/curve';
import { curveBudgets } from '../pruning/curve-plan';
import { largestWithinLimit } from '../pruning/stopping';
import { sourceOf, type PassOptions } from '../pass/inputs';
import { measure, type Measured } from '../pass/measure';
import type { Subject } from '../pass/subject';
import { pruneOrder } from '../pass/ranking';
import { freshOn, heldOutFigures } from './held-out';
import type { Repair, RepairContext, Repaired } from './repair';
import { pruneCount, DEFAULT_RATIO } from '../../protocol/config/pruning';

const SOURCE = 'Liu, Dolan-Gavitt, Garg 2018 (Fine-Pruning, section 3)';

/** The reference recipe: ⌊0.2·n⌋ units of the penultimate layer with the lowest mean, then fine-tuning. */
export const finePruning: Repair = {
  name: 'fine-pruning',
  source: SOURCE,
  needsTarget: false,
  cost: 2,
  run: (context) => pruneLowest(context, context.subject.site, (site) => pruneCount(DEFAULT_RATIO, site.units)),
};

/** As the original paper has it: channels of the last convolution, as many as the accuracy limit allows, then fine-tuning. */
export const finePruningConv: Repair = {
  name: 'fine-pruning-conv',
  source: SOURCE,
  needsTarget: false,
  cost: 2.5,
  run: (context) => pruneLowest(context, lastConvolution(context), null),
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
async function pruneLowest(
  context: RepairContext,
  site: UnitSite,
  countOf: ((site: UnitSite) => number) | null,
): Promise<Repaired> {
  const { subject, heldOut, pass, onProgress } = context;
  const { config } = subject;
  const measured = await measure(heldOut.clean, site, pass);
  const order = pruneOrder(measured.statistics.mean());
  const count = countOf ? countOf(site) : await countWithinLimit(context, site, order, measured);
  const units = [...order.subarray(0, count)];
  const trained = await pruneAndTune(subject, { site, units }, pass, {
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
}

async function countWithinLimit(
  { subject: { config }, heldOut, pass }: RepairContext,
  site: UnitSite,
  order: Int32Array,
  measured: Measured,
): Promise<number> {
  const draw = (n: number, count: number): Int32Array => drawn(allIndices(n), count, config.seed, 'curve');
  const budget = curveBudgets(config.curve, false).holdout;
  const inputs = { source: heldOut.clean, measured, wanted: 'labels' as const };
  return largestWithinLimit(await curveHits(inputs, site, order, draw, budget, pass), config.gates.maxAccuracyDrop)
    .pruned;
}

/**
 * Prunes units, and fine-tunes what is left on clean images by the config's settings; pruned units stay at zero. The model's variables
 * are changed.
 * @param on `onPruned` is called with the units pruned and nothing trained yet, `onTraining` with the number of steps that will follow
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function pruneAndTune(
  { config, model, roles, normalisation, frozen }: Subject,
  { site, units }: { site: UnitSite; units: readonly number[] },
  { signal }: Pick<PassOptions, 'signal'>,
  on: {
    onPruned?: () => Promise<void>;
    onTraining?: (steps: number) => void;
    onStep: (step: number, total: number, soFar: { loss: number; accuracy: number }) => void;
  },
): Promise<Trained> {
  const masks = masksFor(model.graph, site, units);
  applyMasks(model.network, masks);
  await on.onPruned?.();
  const source = sourceOf(roles.fineTune);
  on.onTraining?.(Math.ceil(source.count / config.fineTune.batchSize) * config.fineTune.epochs);
  return await train({
    model,
    source,
    normalisation,
    ...config.fineTune,
    seed: config.seed,
    masks,
    frozen: frozen.map(({ layer }) => layer),
    signal,
    onStep: on.onStep,
  });
}
