import { allIndices } from '../../data/roles';
import { drawn } from '../../data/random';
import { eachBatch, batchOf, sourceOf, subsetOf, turn, type InputSource, type PassOptions } from '../../pass/inputs';
import { tailWork } from '../../pruning/tail-curve';
import { argMaxRows } from '../../metrics/evaluate';
import type { Frontier } from '../../model/network/network';
import type { Analysed } from '../analyse';
import type { Frontiers, LayerState } from '../layer-state';
import type { BothJudged, Judged } from './mask';
import { picked } from './mask-dense';
import type { Told } from '../triggers';
import { count } from '../../../protocol/words';

/** Multiply-adds of a quick answer behind the layer: about 0.1 s. Counted, never timed, so that every machine takes the same subset. */
const QUICK_WORK = 2.5e9;
/** However large the network is, a quick answer rests on so many inputs of each kind, where there are as many; and on no more than these. */
const FEWEST = 200;
const MOST = 500;
/** Bytes that the tensors kept for one layer may take. */
const FRONTIER_BYTES = 64 * 2 ** 20;
const BATCH = 100;

/** A quick mask of any layer: the network behind it runs on tensors that are kept for a seeded subset of the inputs. */
export async function fromFrontiers(held: LayerState, units: Int32Array, signal: AbortSignal): Promise<BothJudged> {
  const keep = keepMask(held.site.units, units);
  if (!held.frontiers) {
    const sets = held.triggered ? 2 : 1;
    const each = bytesOfOne(held);
    const fit = Math.floor(FRONTIER_BYTES / sets / each);
    // Where too few fit, the network before the layer has to run again each time.
    if (fit < FEWEST) return await fromSubset(held, keep, FEWEST, signal);
    const count = Math.min(
      MOST,
      fit,
      Math.max(FEWEST, Math.floor(QUICK_WORK / sets / tailWork(held.model, held.site))),
    );
    held.frontiers = await makeFrontiers(held, count, each, signal);
  }
  const judged = async (set: Analysed, { positions, batches }: Frontiers): Promise<Judged> => {
    const masked = new Int32Array(positions.length);
    for (const { frontier, start } of batches) {
      masked.set(predictedFrom(held, frontier, keep), start);
      await turn(signal);
    }
    return { labels: picked(set.source.labels, positions), masked, unmasked: picked(set.predicted, positions) };
  };
  const { clean, triggered } = held.frontiers;
  return { clean: await judged(held.test, clean), triggered: triggered && (await judged(held.triggered!, triggered)) };
}

/** A mask of any layer on all inputs, by running the whole network. */
export async function fromImages(
  held: LayerState,
  units: Int32Array,
  told: Told,
  signal: AbortSignal,
): Promise<BothJudged> {
  const { subject, test, triggered } = held;
  const keep = keepMask(held.site.units, units);
  const total = test.available + (triggered?.available ?? 0);
  const judged = (source: InputSource, set: Analysed, what: string, behind: number): Promise<Judged> => {
    const title = `Measuring ${count(source.count)} ${what} images`;
    return judgedAnew(held, source, set.positions ? null : set.predicted, keep, {
      signal,
      onImages: (done) => told(title, (behind + done) / total),
    });
  };
  return {
    clean: await judged(sourceOf(subject.roles.test), test, 'clean', 0),
    triggered: triggered && (await judged(subject.triggered!, triggered, 'triggered', test.available)),
  };
}

async function fromSubset(
  held: LayerState,
  keep: Float32Array,
  count: number,
  signal: AbortSignal,
): Promise<BothJudged> {
  const judged = (set: Analysed): Promise<Judged> => {
    const positions = drawnOf(held, set, count);
    return judgedAnew(held, subsetOf(set.source, positions), picked(set.predicted, positions), keep, { signal });
  };
  return { clean: await judged(held.test), triggered: held.triggered && (await judged(held.triggered)) };
}

/** @param known what the model says without a mask; null to find out */
async function judgedAnew(
  held: LayerState,
  source: InputSource,
  known: Int32Array | null,
  keep: Float32Array,
  options: Pick<PassOptions, 'signal' | 'onImages'>,
): Promise<Judged> {
  const { model, site, subject } = held;
  const masked = new Int32Array(source.count);
  const unmasked = known ?? new Int32Array(source.count);
  await eachBatch(source, { ...options, model, normalisation: subject.config.data }, (batch, start) => {
    const frontier = model.network.forwardTo(site, batch);
    try {
      masked.set(predictedFrom(held, frontier, keep), start);
      if (!known) unmasked.set(predictedFrom(held, frontier), start);
    } finally {
      frontier.dispose();
    }
  });
  return { labels: source.labels, masked, unmasked };
}

/** Predicted classes of a batch with the units silenced whose entry in `keep` is 0. */
function predictedFrom({ model, site }: LayerState, frontier: Frontier, keep?: Float32Array): Int32Array {
  return argMaxRows(model.network.forwardFrom(site, frontier, keep), model.classes);
}

async function makeFrontiers(
  held: LayerState,
  count: number,
  bytesOfEach: number,
  signal: AbortSignal,
): Promise<NonNullable<LayerState['frontiers']>> {
  const made: Frontiers['batches'][number][] = [];
  const dispose = (): void => made.forEach(({ frontier }) => frontier.dispose());
  let bytes = 0;
  const frontiersOf = async (set: Analysed): Promise<Frontiers> => {
    const positions = drawnOf(held, set, count);
    const batches: Frontiers['batches'][number][] = [];
    for (let start = 0; start < positions.length; start += BATCH) {
      const batch = { frontier: frontierOf(held, set.source, positions.subarray(start, start + BATCH)), start };
      batches.push(batch);
      made.push(batch);
      await turn(signal);
    }
    bytes += positions.length * bytesOfEach;
    return { positions, batches };
  };
  try {
    const clean = await frontiersOf(held.test);
    const triggered = held.triggered && (await frontiersOf(held.triggered));
    return { bytes, clean, triggered, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Bytes that the tensors of one input take. */
function bytesOfOne(held: LayerState): number {
  const frontier = frontierOf(held, held.test.source, [0]);
  const { bytes } = frontier;
  frontier.dispose();
  return bytes;
}

function frontierOf({ model, site, subject }: LayerState, source: InputSource, positions: ArrayLike<number>): Frontier {
  return model.network.forwardTo(site, batchOf(source, positions, { model, normalisation: subject.config.data }));
}

function drawnOf({ subject }: LayerState, { source }: Analysed, count: number): Int32Array {
  return drawn(allIndices(source.count), count, subject.config.seed, 'mask');
}

function keepMask(count: number, units: Int32Array): Float32Array {
  const keep = new Float32Array(count).fill(1);
  for (const unit of units) keep[unit] = 0;
  return keep;
}
