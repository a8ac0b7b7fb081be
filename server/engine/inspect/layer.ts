import { badInput } from '../../protocol/errors';
import type { ModelState } from '../../protocol/messages/inspect';
import { raisedSetting } from '../pruning/guide';
import { sourceOf, type InputSource, type PassOptions } from '../pass/inputs';
import { measure } from '../pass/measure';
import { pruneOrder } from '../pass/ranking';
import { raisedOrder } from '../pruning/triggered-difference';
import { allIndices } from '../data/roles';
import { drawn } from '../data/random';
import type { OpenModel, UnitSite } from '../model/model';
import { findUnitSite } from '../model/units';
import { analyse, bytesPerInput, bytesPerSet, type Analysed } from './analyse';
import { curveOf, heldOutTitle } from './layer-curve';
import { layerData } from './layer-data';
import type { LayerState } from './layer-state';
import type { Subject } from './subject';
import type { Told } from './triggers';
import { MOST_NAMED_UNITS } from '../../protocol/shape/shape';
import { count } from '../../protocol/words';

/** Which layer is to be analysed, in which model. */
export interface LayerRequest {
  readonly model: OpenModel;
  readonly state: ModelState;
  readonly layer: string;
  /** Units of that layer that were pruned in that model. */
  readonly pruned: readonly number[];
  /** Bytes that its activations may take; a larger layer is analysed on a seeded subset. */
  readonly mostBytes: number;
}

/**
 * Analyses one layer: the same statistics and the same pruning curve as a run's report, on the same inputs. Only where the
 * activations would not fit into `mostBytes` it takes a seeded part of them, and says so.
 * @throws FinePruneError `layer.…` for a layer that is not there, can't be pruned, is too large or overflows, `cancelled` within one batch
 */
export async function analyseLayer(
  subject: Subject,
  { model, state, layer, pruned, mostBytes }: LayerRequest,
  told: Told,
  signal: AbortSignal,
): Promise<LayerState> {
  const { roles, triggered, config } = subject;
  const site = siteOf(model, layer);
  const test = sourceOf(roles.test);
  const { sameSet, counts, most } = plan(subject, site, mostBytes);
  const ordering = orderingImages(subject);
  const total = counts.reduce((sum, count) => sum + count, ordering);
  // Where the rest of the network has to run for each point, the curve takes as long as the passes before it.
  const passes = site.feedsClassifier ? 0.9 : 0.5;
  let behind = 0;
  // Rounding must not take the passes beyond their share: progress would go back.
  const shareOf = (images: number): number => Math.min(passes, (passes * images) / total);
  const pass = async (set: InputSource, what: string): Promise<Analysed> => {
    const positions = set.count > most ? drawn(allIndices(set.count), most, config.seed, 'inspect') : null;
    const images = positions?.length ?? set.count;
    const title = `Analysing ${count(images)} ${what}`;
    told(title, shareOf(behind));
    const options: PassOptions = {
      model,
      normalisation: config.data,
      signal,
      onImages: (done) => told(title, shareOf(behind + done)),
    };
    const analysed = await analyse(set, positions, site, options);
    behind += images;
    return analysed;
  };
  const onTest = await pass(test, sameSet ? 'clean images' : 'test images');
  const clean = sameSet ? onTest : await pass(sourceOf(roles.analysis), 'clean images');
  const onTriggered = triggered && (await pass(triggered, 'triggered images'));

  const order = await orderOf(
    subject,
    model,
    site,
    clean,
    (share) => told(heldOutTitle(subject), shareOf(behind + ordering * share)),
    signal,
  );
  const curve = await curveOf(
    subject,
    model,
    site,
    order,
    onTest,
    onTriggered,
    (share) => told('Computing the pruning curve', passes + (1 - passes) * share),
    signal,
  );
  const analysed = new Set([clean, onTest, ...(onTriggered ? [onTriggered] : [])]);
  const held: LayerState = {
    subject,
    model,
    state,
    site,
    clean,
    test: onTest,
    triggered: onTriggered,
    data: layerData(site, state, clean, onTriggered, order, curve, pruned),
    get bytes() {
      const own = [...analysed].reduce(
        (sum, { source }) =>
          sum + bytesPerSet(site.units, model.classes) + source.count * bytesPerInput(site.units, model.classes),
        0,
      );
      return own + (held.frontiers?.bytes ?? 0);
    },
    dispose: () => held.frontiers?.dispose(),
  };
  return held;
}

/** Images that the order of the rule takes passes over, beside those that are analysed. */
function orderingImages({ guide, config, roles }: Subject): number {
  return (guide ? 2 : config.strategy ? 1 : 0) * roles.holdout.indices.length;
}

/** Units in the order of the rule, as a run has them. */
async function orderOf(
  subject: Subject,
  model: OpenModel,
  site: UnitSite,
  { statistics }: Analysed,
  done: (share: number) => void,
  signal: AbortSignal,
): Promise<Int32Array> {
  const { config, roles, rule, guide } = subject;
  if (orderingImages(subject) === 0)
    return pruneOrder(rule === 'clean-mean-abs' ? statistics.meanAbs() : statistics.mean());
  done(0);
  if (guide)
    return (
      await raisedOrder({
        ...raisedSetting({ model, site, roles, normalisation: config.data }, guide, signal),
        onProgress: done,
      })
    ).order;
  // Whatever a strategy chooses is chosen on held-out images.
  const heldOut = await measure(sourceOf(roles.holdout), site, {
    model,
    normalisation: config.data,
    signal,
    onImages: (images, of) => done(images / of),
  });
  return pruneOrder(heldOut.statistics.mean());
}

/** Memory that a layer will take when it is analysed, in bytes. @throws FinePruneError `layer.…` as `analyseLayer` does before it begins */
export function expectedBytes(subject: Subject, { model, layer, mostBytes }: LayerRequest): number {
  const site = siteOf(model, layer);
  return plan(subject, site, mostBytes).counts.reduce(
    (sum, count) => sum + bytesPerSet(site.units, model.classes) + count * bytesPerInput(site.units, model.classes),
    0,
  );
}

function siteOf(model: OpenModel, layer: string): UnitSite {
  const site = findUnitSite(model.graph, layer);
  if (site.units <= MOST_NAMED_UNITS) return site;
  throw badInput(
    'layer.tooLarge',
    `Layer "${layer}" has ${count(site.units)} units; the inspector shows layers of up to ${count(MOST_NAMED_UNITS)}.`,
    { todo: 'Choose another layer.' },
  );
}

/** How many inputs of each set are analysed; where not all of them fit, at most `most` of each. */
function plan(
  { roles, triggered, model }: Subject,
  site: UnitSite,
  mostBytes: number,
): { sameSet: boolean; counts: number[]; most: number } {
  const sameSet = roles.analysisRole === 'test' && roles.analysis.indices.length === roles.test.indices.length;
  const available = [
    ...(sameSet ? [] : [roles.analysis.indices.length]),
    roles.test.indices.length,
    ...(triggered ? [triggered.count] : []),
  ];
  const each = mostBytes / available.length - bytesPerSet(site.units, model.classes);
  const most = Math.max(1, Math.floor(each / bytesPerInput(site.units, model.classes)));
  return { sameSet, most, counts: available.map((count) => Math.min(most, count)) };
}
