import type { TriggeredInputs } from '../triggers/trigger';
import type { OpenModel, UnitSite } from '../model/model';
import type { Normalisation } from '../data/dataset';
import { curveHits, type Draw } from './curve';
import { curveBudgets } from './curve-plan';
import { smallestWithinGate, type GateLimits, type WithinGate } from './stopping';
import type { InputSource, PassOptions } from '../pass/inputs';
import { measure, type Measured } from '../pass/measure';
import { mostRaised } from '../pass/ranking';

/** What the order of the rule is read from. */
export interface RaisedSetting {
  model: OpenModel;
  site: UnitSite;
  normalisation: Normalisation;
  signal: AbortSignal;
  /** Held-out clean images, and the same (less those of the target class) with the trigger. */
  clean: InputSource;
  triggered: TriggeredInputs;
  /** How far this is, 0 to 1. */
  onProgress?: (done: number) => void;
}

interface Setting extends RaisedSetting {
  curve: 'quick' | 'full';
  draw: Draw;
  gates: GateLimits;
}

/** The order of `triggered-difference`, and how far along it the gates are met on held-out images. */
export interface GuidedOrder extends WithinGate {
  /** All units, largest rise of the mean activation under the trigger first. */
  order: Int32Array;
  /** Number of units whose mean rises at all. */
  raised: number;
}

/** Units in the order of the rule, with the passes that it was read from. */
export interface RaisedOrder extends Pick<GuidedOrder, 'order' | 'raised'> {
  onClean: Measured;
  onTriggered: Measured;
}

/**
 * Orders units by how much the trigger raises them (the pruning of Wang et al. 2019, section VI.B, there with an inverted trigger), on
 * held-out images.
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function raisedOrder({
  model,
  site,
  normalisation,
  signal,
  clean,
  triggered,
  onProgress,
}: RaisedSetting): Promise<RaisedOrder> {
  const pass: PassOptions = { model, normalisation, signal };
  const told = (behind: number) => ({
    ...pass,
    onImages: (done: number) => onProgress?.((behind + done) / (clean.count + triggered.count)),
  });
  const onClean = await measure(clean, site, told(0));
  const onTriggered = await measure(triggered, site, told(clean.count));
  const [means, raisedMeans] = [onClean.statistics.mean(), onTriggered.statistics.mean()];
  const order = Int32Array.from(mostRaised(means, raisedMeans, site.units));
  return { order, raised: order.reduce((n, u) => n + (raisedMeans[u]! > means[u]! ? 1 : 0), 0), onClean, onTriggered };
}

/**
 * The order, and the smallest number of units along it that brings the ASR within its gate while the accuracy limit is kept.
 * Everything is read on held-out images.
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function guidedOrder(setting: Setting): Promise<GuidedOrder> {
  const { model, site, normalisation, signal, clean, triggered, curve, draw, gates, onProgress } = setting;
  // Passes run the whole network, points of the curve what is behind the layer: about as much altogether.
  const { order, raised, onClean, onTriggered } = await raisedOrder({
    ...setting,
    onProgress: (done) => onProgress?.(done / 2),
  });
  const told = (behind: number): PassOptions => ({
    model,
    normalisation,
    signal,
    onImages: (done, of) => onProgress?.(0.5 + (behind + done / of) / 4),
  });
  const budgets = curveBudgets(curve, true);
  // The points of both have to be the same: see `pruningCurve`.
  const held = onClean.activations !== null && onTriggered.activations !== null;
  const kept = await curveHits(
    { source: clean, measured: held ? onClean : null, wanted: 'labels' },
    site,
    order,
    draw,
    budgets.clean,
    told(0),
  );
  const success = await curveHits(
    { source: triggered, measured: held ? onTriggered : null, wanted: triggered.target },
    site,
    order,
    draw,
    budgets.triggered,
    told(1),
  );
  return { order, raised, ...smallestWithinGate(kept, success, gates) };
}
