import * as tf from '@tensorflow/tfjs-core';
import type { MaskData, MaskFigures } from '../../protocol/inspect';
import { allIndices } from '../data/roles';
import { drawn } from '../data/random';
import { denseTail } from '../defense/curve';
import { eachBatch, inputTensor, type InputSource, type PassOptions } from '../defense/inputs';
import { argMaxRows } from '../metrics/evaluate';
import { rate } from '../metrics/rate';
import { forwardFrom, forwardTo } from '../model/forward';
import type { Analysed } from './analyse';
import type { Frontiers, LayerState, Told } from './layer';

/** Multiply-adds of a quick answer from cached activations: about 150 ms. Counted, never timed. */
const QUICK_WORK = 100e6;
/** A quick answer of any other layer rests on so many inputs of each kind, or on fewer where their tensors would fill more. */
const QUICK_INPUTS = 500;
const FEWEST_INPUTS = 100;
const FRONTIER_BYTES = 64 * 2 ** 20;
const BATCH = 128;

/** Positions within an analysed set, and what the model says of them. */
interface Judged {
  labels: Int32Array;
  predicted: Int32Array;
}

/**
 * What pruning exactly `units` does, before any fine-tuning: the same as `masksFor` and an evaluation, from what is kept. A layer
 * that feeds the classifier is answered on all inputs as long as that is quick; other layers run the rest of the network on a
 * subset (`quick`) or on everything (`full`).
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function maskData(held: LayerState, units: Int32Array, scope: 'quick' | 'full', told: Told, signal: AbortSignal): Promise<MaskData> {
  const { site, state, test, triggered, subject } = held;
  const target = subject.triggered?.target ?? null;
  const [clean, attacked] = site.feedsClassifier ? fromActivations(held, units, scope) : await (scope === 'quick' ? fromFrontiers(held, units) : fromImages(held, units, told, signal));
  const figures = (now: Judged, other: Judged | null): MaskFigures => ({
    cleanAccuracy: shareOf(now.predicted, now.labels),
    attackSuccessRate: other && target !== null ? shareOf(other.predicted, target) : null,
    robustAccuracy: other && shareOf(other.predicted, other.labels),
  });
  const asItIs = (set: Analysed, positions: Int32Array | null): Judged => ({ labels: pick(set.source.labels, positions), predicted: pick(set.predicted, positions) });
  const used = clean.positions?.length ?? test.source.count;
  return {
    kind: 'mask',
    layer: site.layer,
    state,
    units: units.length,
    masked: figures(clean, attacked),
    unmasked: figures(asItIs(test, clean.positions), attacked && triggered && asItIs(triggered, attacked.positions)),
    subset: used < test.available || (attacked !== null && attacked.labels.length < triggered!.available),
  };
}

type Answer = Judged & { positions: Int32Array | null };
type Answers = [Answer, Answer | null];

function fromActivations(held: LayerState, units: Int32Array, scope: 'quick' | 'full'): Answers {
  const { model, site, test, triggered, subject } = held;
  held.logits ??= { test: logitsOf(held, test), triggered: triggered && logitsOf(held, triggered) };
  const { kernel, bias, classes } = denseTail(model, site);
  const removed = new Set(units);
  // Taking away what goes, or adding up what stays: whichever is less.
  const fewer = removed.size <= site.units / 2 ? [...removed] : Array.from({ length: site.units }, (_, u) => u).filter((u) => !removed.has(u));
  const subtract = removed.size <= site.units / 2;
  const each = Math.max(1, fewer.length) * classes;
  const answer = (set: Analysed, logits: Float64Array, share: number): Answer => {
    const fits = Math.max(500, Math.floor((QUICK_WORK * share) / each));
    const positions = scope === 'quick' && fits < set.source.count ? drawn(allIndices(set.source.count), fits, subject.config.seed, 'mask') : null;
    const rows = positions?.length ?? set.source.count;
    const predicted = new Int32Array(rows);
    const sum = new Float64Array(classes);
    for (let r = 0; r < rows; r++) {
      const i = positions ? positions[r]! : r;
      for (let c = 0; c < classes; c++) sum[c] = subtract ? logits[i * classes + c]! : bias[c]!;
      const row = i * site.units;
      for (const u of fewer) {
        const a = subtract ? -set.activations[row + u]! : set.activations[row + u]!;
        if (a !== 0) for (let c = 0; c < classes; c++) sum[c]! += a * kernel[u * classes + c]!;
      }
      let best = 0;
      for (let c = 1; c < classes; c++) if (sum[c]! > sum[best]!) best = c;
      predicted[r] = best;
    }
    return { labels: pick(set.source.labels, positions), predicted, positions };
  };
  const share = triggered ? 0.5 : 1;
  return [answer(test, held.logits.test, share), triggered && answer(triggered, held.logits.triggered!, share)];
}

/** Logits in float64, [inputs, classes]: what removing a unit is subtracted from. */
function logitsOf({ model, site }: LayerState, { activations, source }: Analysed): Float64Array {
  const { kernel, bias, classes, units } = denseTail(model, site);
  const logits = new Float64Array(source.count * classes);
  for (let i = 0; i < source.count; i++) {
    for (let c = 0; c < classes; c++) logits[i * classes + c] = bias[c]!;
    for (let u = 0; u < units; u++) {
      const a = activations[i * units + u]!;
      if (a !== 0) for (let c = 0; c < classes; c++) logits[i * classes + c]! += a * kernel[u * classes + c]!;
    }
  }
  return logits;
}

async function fromFrontiers(held: LayerState, units: Int32Array): Promise<Answers> {
  held.frontiers ??= await makeFrontiers(held);
  const keep = keepMask(held.site.units, units);
  const answer = (set: Analysed, { positions, batches }: Frontiers): Answer => {
    const predicted = new Int32Array(positions.length);
    for (const batch of batches) predicted.set(tf.tidy(() => argMaxRows(forwardFrom(held.model, held.site, batch, tf.mul(batch.units, tf.tensor1d(keep.slice()))).dataSync() as Float32Array, held.model.classes)), batch.start);
    return { labels: pick(set.source.labels, positions), predicted, positions };
  };
  const { clean, triggered } = held.frontiers;
  return [answer(held.test, clean), triggered && answer(held.triggered!, triggered)];
}

async function makeFrontiers(held: LayerState): Promise<NonNullable<LayerState['frontiers']>> {
  let bytes = 0;
  const made: Frontiers['batches'][number][] = [];
  const frontiersOf = (set: Analysed): Frontiers => {
    const options = { model: held.model, normalisation: held.subject.config.data };
    // One input tells how much each takes.
    const probe = tf.tidy(() => {
      const frontier = forwardTo(held.model, held.site, inputTensor(set.source, [0], options));
      return [frontier.units, ...frontier.others.values()].reduce((sum, t) => sum + t.size * 4, 0);
    });
    const count = Math.min(set.source.count, QUICK_INPUTS, Math.max(FEWEST_INPUTS, Math.floor(FRONTIER_BYTES / 2 / probe)));
    const positions = drawn(allIndices(set.source.count), count, held.subject.config.seed, 'mask');
    const batches: Frontiers['batches'][number][] = [];
    for (let start = 0; start < count; start += BATCH) {
      const x = inputTensor(set.source, positions.subarray(start, Math.min(count, start + BATCH)), options);
      const frontier = forwardTo(held.model, held.site, x);
      x.dispose();
      batches.push({ units: frontier.units, others: frontier.others, start, rows: x.shape[0], dispose: () => frontier.dispose() });
    }
    bytes += probe * count;
    made.push(...batches);
    return { positions, batches };
  };
  const clean = frontiersOf(held.test);
  const triggered = held.triggered && frontiersOf(held.triggered);
  return { bytes, clean, triggered, dispose: () => made.forEach((batch) => batch.dispose()) };
}

async function fromImages(held: LayerState, units: Int32Array, told: Told, signal: AbortSignal): Promise<Answers> {
  const { model, site, test, triggered, subject } = held;
  const keep = keepMask(site.units, units);
  const total = test.source.count + (triggered?.source.count ?? 0);
  const answer = async (source: InputSource, behind: number): Promise<Answer> => {
    const predicted = new Int32Array(source.count);
    const options: PassOptions = { model, normalisation: subject.config.data, signal, onImages: (done) => told(`Measuring ${source.count.toLocaleString('en-US')} images`, (behind + done) / total) };
    await eachBatch(source, options, (x, start) => {
      const frontier = forwardTo(model, site, x);
      predicted.set(argMaxRows(forwardFrom(model, site, frontier, tf.mul(frontier.units, tf.tensor1d(keep.slice()))).dataSync() as Float32Array, model.classes), start);
    });
    return { labels: source.labels, predicted, positions: null };
  };
  return [await answer(test.source, 0), triggered && (await answer(triggered.source, test.source.count))];
}

function keepMask(count: number, units: Int32Array): Float32Array {
  const keep = new Float32Array(count).fill(1);
  for (const unit of units) keep[unit] = 0;
  return keep;
}

function pick(values: Int32Array, positions: Int32Array | null): Int32Array {
  return positions ? positions.map((p) => values[p]!) : values;
}

function shareOf(predicted: Int32Array, wanted: Int32Array | number): ReturnType<typeof rate> {
  let hits = 0;
  for (let i = 0; i < predicted.length; i++) if (predicted[i] === (typeof wanted === 'number' ? wanted : wanted[i])) hits++;
  return rate(hits, predicted.length);
}
