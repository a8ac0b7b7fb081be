import type * as tf from '@tensorflow/tfjs-core';
import type { CurveData, LayerData, LimitData, ModelState } from '../../protocol/inspect';
import { curveHits, type Draw } from '../defense/curve';
import { largestWithinLimit, type CurveHits } from '../defense/curve-plan';
import { sourceOf, type InputSource, type PassOptions } from '../defense/inputs';
import { measure, type Measured } from '../defense/measure';
import { pruneOrder } from '../defense/ranking';
import { allIndices } from '../data/roles';
import { drawn } from '../data/random';
import type { OpenModel, UnitSite } from '../model/model';
import { findUnitSite } from '../model/units';
import { analyse, type Analysed } from './analyse';
import type { Held } from './byte-cache';
import type { Subject } from './subject';

/** Bytes that the activations of one layer may take; a larger layer is analysed on a seeded subset. */
const LAYER_BYTES = 384 * 2 ** 20;
/** Multiply-adds that a curve may cost here: about 3 s on the native engine. A run spends more, and says what it found. */
const CURVE_WORK = 6e9;

/** Tells how far a question is. */
export type Told = (title: string, overall: number) => void;

/** Everything that was computed about one layer of one model, for as long as it is kept. */
export interface LayerState extends Held {
  readonly subject: Subject;
  readonly model: OpenModel;
  readonly state: ModelState;
  readonly site: UnitSite;
  /** Clean inputs that the analysis reads; often the same object as `test`. */
  readonly clean: Analysed;
  readonly test: Analysed;
  readonly triggered: Analysed | null;
  readonly data: LayerData;
  /** Filled when they are first asked for. */
  limit?: LimitData;
  /** Logits of `test` and `triggered`, [inputs, classes], for layers that feed the classifier. */
  logits?: { test: Float64Array; triggered: Float64Array | null };
  /** Tensors at the tap for a subset, for other layers. */
  frontiers?: { dispose(): void; bytes: number; clean: Frontiers; triggered: Frontiers | null };
}

/** A subset of a set with its tensors at the tap, batch after batch. */
export interface Frontiers {
  readonly positions: Int32Array;
  readonly batches: readonly { units: tf.Tensor; others: ReadonlyMap<string, tf.Tensor>; start: number; rows: number; dispose(): void }[];
}

/**
 * Analyses one layer: the same statistics and the same pruning curve as a run's report, on the same inputs.
 * @throws FinePruneError `layer.…` for a layer that is not there or can't be pruned, `cancelled` within one batch
 */
export async function analyseLayer(subject: Subject, model: OpenModel, state: ModelState, layer: string, prunedBefore: readonly number[], told: Told, signal: AbortSignal): Promise<LayerState> {
  const { roles, triggered, config } = subject;
  const site = findUnitSite(model.graph, layer);
  const test = sourceOf(roles.test);
  const sameSet = roles.analysisRole === 'test' && roles.analysis.indices.length === test.count;
  const sets = [...(sameSet ? [] : [sourceOf(roles.analysis)]), test, ...(triggered ? [triggered] : [])];
  const most = Math.max(500, Math.floor(LAYER_BYTES / 4 / site.units / sets.length));
  const total = sets.reduce((sum, set) => sum + Math.min(most, set.count), 0);
  let behind = 0;
  const pass = async (set: InputSource, what: string): Promise<Analysed> => {
    const positions = set.count > most ? drawn(allIndices(set.count), most, config.seed, 'inspect') : null;
    const images = positions?.length ?? set.count;
    const title = `Analysing ${images.toLocaleString('en-US')} ${what}`;
    told(title, (0.95 * behind) / total);
    const options: PassOptions = { model, normalisation: config.data, signal, onImages: (done) => told(title, (0.95 * (behind + done)) / total) };
    const analysed = await analyse(set, positions, site, options);
    behind += images;
    return analysed;
  };
  const onTest = await pass(test, sameSet ? 'clean images' : 'test images');
  const clean = sameSet ? onTest : await pass(sets[0]!, 'clean images');
  const onTriggered = triggered && (await pass(triggered, 'triggered images'));

  told('Computing the pruning curve', 0.95);
  const scores = config.prune.rule === 'clean-mean' ? clean.statistics.mean() : clean.statistics.meanAbs();
  const order = pruneOrder(scores);
  const curve = await curveOf(subject, model, site, order, onTest, onTriggered, signal);
  const analysed = new Set([clean, onTest, ...(onTriggered ? [onTriggered] : [])]);
  const held: LayerState = {
    subject, model, state, site, clean, test: onTest, triggered: onTriggered,
    data: layerData(site, state, clean, onTriggered, order, curve, prunedBefore),
    get bytes() {
      const own = [...analysed].reduce((sum, { activations }) => sum + activations.byteLength, 0);
      return own + (held.logits ? held.logits.test.byteLength + (held.logits.triggered?.byteLength ?? 0) : 0) + (held.frontiers?.bytes ?? 0);
    },
    dispose: () => held.frontiers?.dispose(),
  };
  return held;
}

/** The largest number of pruned units within the accuracy-drop limit, chosen on held-out images as in a run. */
export async function limitOf(held: LayerState, told: Told, signal: AbortSignal): Promise<LimitData> {
  if (held.limit) return held.limit;
  const { subject, model, site, state, data } = held;
  const { config, roles } = subject;
  const options: PassOptions = { model, normalisation: config.data, signal };
  let limit: LimitData['limit'] = null;
  if (roles.holdout.indices.length) {
    const source = sourceOf(roles.holdout);
    const title = `Measuring ${source.count.toLocaleString('en-US')} held-out images`;
    const measured = await measure(source, site, { ...options, onImages: (done) => told(title, (0.9 * done) / source.count) });
    const hits = await curveHits({ source, measured, wanted: 'labels' }, site, data.order, drawOf(subject), CURVE_WORK * 0.2, options);
    limit = largestWithinLimit(hits, config.gates.maxAccuracyDrop);
  }
  held.limit = { kind: 'limit', layer: site.layer, state, limit };
  return held.limit;
}

function drawOf({ config }: Subject): Draw {
  return (n, count) => drawn(allIndices(n), count, config.seed, 'curve');
}

async function curveOf(subject: Subject, model: OpenModel, site: UnitSite, order: Int32Array, test: Analysed, triggered: Analysed | null, signal: AbortSignal): Promise<CurveData> {
  const options: PassOptions = { model, normalisation: subject.config.data, signal };
  const draw = drawOf(subject);
  // Only activations that enter the classifier as they are can stand in for its input.
  const measured = ({ predicted, statistics, activations }: Analysed): Measured => ({ predicted, statistics, activations: site.feedsClassifier ? activations : null });
  const clean = await curveHits({ source: test.source, measured: measured(test), wanted: 'labels' }, site, order, draw, CURVE_WORK * 0.5, options);
  const success: CurveHits | null = triggered && (await curveHits({ source: triggered.source, measured: measured(triggered), wanted: subject.triggered!.target }, site, order, draw, CURVE_WORK * 0.5, options));
  return {
    pruned: Int32Array.from(clean.points),
    correct: Int32Array.from(clean.hits),
    successful: success && Int32Array.from(success.hits),
    images: clean.inputs,
    triggeredImages: success && success.inputs,
    subset: clean.inputs < test.available || (success !== null && success.inputs < triggered!.available),
  };
}

function layerData(site: UnitSite, state: ModelState, clean: Analysed, triggered: Analysed | null, order: Int32Array, curve: CurveData, prunedBefore: readonly number[]): LayerData {
  const shares = ({ statistics }: Analysed): Float32Array => Float32Array.from(statistics.fires, (fires) => fires / statistics.images);
  const flags = (units: readonly number[]): Uint8Array => {
    const marked = new Uint8Array(site.units);
    for (const unit of units) marked[unit] = 1;
    return marked;
  };
  const counts = ({ source, available }: Analysed) => ({ analysed: source.count, available });
  return {
    kind: 'layer',
    layer: site.layer,
    state,
    layerKind: site.kind,
    activation: site.activation,
    units: site.units,
    feedsClassifier: site.feedsClassifier,
    images: counts(clean),
    triggeredImages: triggered && counts(triggered),
    cleanMean: Float32Array.from(clean.statistics.mean()),
    cleanMeanAbs: Float32Array.from(clean.statistics.meanAbs()),
    cleanFires: shares(clean),
    triggeredMean: triggered && Float32Array.from(triggered.statistics.mean()),
    triggeredFires: triggered && shares(triggered),
    dead: flags(clean.statistics.dead()),
    pruned: flags(prunedBefore),
    order,
    curve,
  };
}
