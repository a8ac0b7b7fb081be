import { cancelled } from '../../protocol/errors';
import type { OtherPixels } from '../../protocol/report/scan';
import type { Normalisation } from '../data/dataset';
import { EVALUATION_BATCH, subsetOf, type InputSource, type PassOptions } from '../pass/inputs';
import { predict } from '../pass/measure';
import { confusionMatrix, outcomes } from '../metrics/evaluate';
import { sparseConfusion } from '../metrics/sparse-confusion';
import { mcnemar } from '../metrics/mcnemar';
import { rate } from '../metrics/rate';
import { nearChance } from '../metrics/near-chance';
import { clearlyBetter, flagsOf, isAlike, LEAST_GAIN } from './advice';
import { drawn } from '../data/random';
import { allIndices } from '../data/roles';

/** Images that settings are compared on. */
const COMPARED_IMAGES = 500;
/** A difference from here on may be noise. */
const NOISE_P = 0.05;
/** Factor that takes bytes to [0, 1]. */
const BYTE_SCALE = 1 / 255;
/** Decimals of the images' own mean and deviation, as people write them. */
const DECIMALS = 1e4;

/** How the pixels of a source came about: stored · scale, which is in [0, 1]; then (pixel − mean) / std goes into the model. */
export interface PixelSettings extends Normalisation {
  readonly scale: number;
}

type Candidate = Pick<OtherPixels, 'range' | 'images' | 'scale' | 'mean' | 'std'>;

/**
 * Other settings of the pixels under which a model is right on clearly more images: common ranges and the images' own mean and
 * deviation, each as the images are and inverted (grey) or with the channels reversed (colour). One that leaves the model near chance
 * explains nothing.
 * @param source images as set
 * @returns the one to take first, the others by how many images are right; empty where none is better by two points with p < 0.01
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function otherPixels(
  source: InputSource,
  settings: PixelSettings,
  seed: number,
  { model, signal }: Pick<PassOptions, 'model' | 'signal'>,
): Promise<OtherPixels[]> {
  const compared = subsetOf(source, drawn(allIndices(source.count), COMPARED_IMAGES, seed, 'scan settings'));
  const predictedOf = async (candidate: Candidate, of: InputSource): Promise<Int32Array> => {
    // The source's pixels are scaled as set: the other scale goes into mean and std.
    const factor = candidate.scale / settings.scale;
    const normalisation = {
      mean: candidate.mean.map((value) => value / factor),
      std: candidate.std.map((value) => value / factor),
    };
    return await predict(altered(of, candidate.images, factor, model.inputShape[2]), { model, normalisation, signal });
  };
  const set: Candidate = {
    range: 'as set',
    images: 'as they are',
    ...settings,
    mean: [...settings.mean],
    std: [...settings.std],
  };
  const asSet = outcomes(await predictedOf(set, compared), compared.labels);
  const before = rate(count(asSet), compared.count);
  // Where the model errs on fewer images than that, no other setting can be better by so many.
  if (compared.count - before.hits < LEAST_GAIN * compared.count) return [];
  const found: OtherPixels[] = [];
  for (const candidate of await candidates(source, settings, model.inputShape[2], signal)) {
    const predicted = await predictedOf(candidate, compared);
    const hits = outcomes(predicted, compared.labels);
    const [after, comparison] = [rate(count(hits), compared.count), mcnemar(asSet, hits)];
    if (
      !clearlyBetter(comparison, compared.count) ||
      nearChance({
        cleanAccuracy: after,
        confusion: {
          clean: sparseConfusion(confusionMatrix(compared.labels, predicted, model.classes)),
          triggered: null,
        },
      })
    )
      continue;
    found.push({ ...candidate, flags: flagsOf(candidate), before, after, comparison });
  }
  const first = await firstOf(found, async (candidate) =>
    outcomes(await predictedOf(candidate, source), source.labels),
  );
  return [
    ...(first ? [first] : []),
    ...found.filter((one) => one !== first).sort((a, b) => b.after.hits - a.after.hits),
  ];
}

/** Of settings in the order in which they are tried, the first that is no worse, beyond noise on all images, than the best of them. */
async function firstOf(
  found: readonly OtherPixels[],
  hitsOf: (candidate: OtherPixels) => Promise<Uint8Array>,
): Promise<OtherPixels | undefined> {
  const [best] = [...found].sort((a, b) => b.after.hits - a.after.hits);
  const close = found.filter((one) => isAlike(one, best!));
  if (close.length < 2) return best;
  const hits: Uint8Array[] = [];
  for (const one of close) hits.push(await hitsOf(one));
  const most = hits.reduce((a, b) => (count(b) > count(a) ? b : a));
  return close.find((_, at) => mcnemar(hits[at]!, most).pValue >= NOISE_P);
}

/** What is tried, the likeliest first: ranges before changes of the images, which no setting makes. */
async function candidates(
  source: InputSource,
  set: PixelSettings,
  channels: number,
  signal: AbortSignal,
): Promise<Candidate[]> {
  const { most, mean, std } = await statistics(source, channels, signal);
  const scale = naturalScale(most / set.scale, set.scale);
  const factor = scale / set.scale;
  const round = (value: number): number => Math.round(value * factor * DECIMALS) / DECIMALS;
  const own = {
    'as they are': { mean, std },
    inverted: { mean: mean.map((value) => 1 / factor - value), std },
    'channels reversed': { mean: mean.toReversed(), std: std.toReversed() },
  };
  const current: Omit<Candidate, 'images'> = {
    range: 'as set',
    scale: set.scale,
    mean: [...set.mean],
    std: [...set.std],
  };
  const all = (images: Candidate['images']): Candidate[] => [
    { range: '0..1', images, scale, mean: [0], std: [1] },
    { range: '-1..1', images, scale, mean: [0.5], std: [0.5] },
    { range: '0..255', images, scale, mean: [0], std: [BYTE_SCALE] },
    { range: 'own', images, scale, mean: own[images].mean.map(round), std: own[images].std.map(round) },
  ];
  // Images of one grey have no deviation.
  const others = (images: Candidate['images']): Candidate[] =>
    all(images).filter((one) => one.std.every((value) => value > 0) && !isSame(one, current, channels));
  const changed: Candidate['images'] | null = channels === 1 ? 'inverted' : channels === 3 ? 'channels reversed' : null;
  return [...others('as they are'), ...(changed ? [{ ...current, images: changed }, ...others(changed)] : [])];
}

/** Bytes, or what has their range, by 1/255; what is in [0, 1] already, as it is. */
function naturalScale(largest: number, set: number): number {
  const slack = 1 + 1e-6;
  const scale = largest <= slack ? 1 : largest <= 255 * slack ? BYTE_SCALE : set;
  return Math.abs(scale - set) <= 1e-6 * set ? set : scale;
}

/** Largest pixel, and mean and standard deviation of each channel, over all images. */
async function statistics(
  source: InputSource,
  channels: number,
  signal: AbortSignal,
): Promise<{ most: number; mean: number[]; std: number[] }> {
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  let [most, values] = [0, 0];
  for (let start = 0; start < source.count; start += EVALUATION_BATCH) {
    if (signal.aborted) throw cancelled();
    const pixels = source.pixels(
      Int32Array.from({ length: Math.min(EVALUATION_BATCH, source.count - start) }, (_, i) => start + i),
    );
    for (let i = 0; i < pixels.length; i++) {
      const value = pixels[i]!;
      sums[i % channels]! += value;
      squares[i % channels]! += value * value;
      if (value > most) most = value;
    }
    values += pixels.length / channels;
  }
  const mean = Array.from(sums, (sum) => sum / values);
  return {
    most,
    mean,
    std: Array.from(squares, (square, channel) => Math.sqrt(Math.max(0, square / values - mean[channel]! ** 2))),
  };
}

/** Images as a model may want them that was trained on others: 1 − pixel, or the channels from last to first. Pixels stay scaled as set. */
function altered(source: InputSource, images: Candidate['images'], factor: number, channels: number): InputSource {
  if (images === 'as they are') return source;
  return {
    ...source,
    pixels: (positions) => {
      const pixels = source.pixels(positions);
      if (images === 'inverted') return pixels.map((value) => 1 / factor - value);
      for (let at = 0; at < pixels.length; at += channels) pixels.subarray(at, at + channels).reverse();
      return pixels;
    },
  };
}

function isSame(a: Omit<Candidate, 'images'>, b: Omit<Candidate, 'images'>, channels: number): boolean {
  const wide = (list: readonly number[]): number[] =>
    list.length === 1 ? new Array<number>(channels).fill(list[0]!) : [...list];
  const near = (x: number, y: number): boolean => Math.abs(x - y) <= 1e-6 * Math.max(Math.abs(x), Math.abs(y), 1e-3);
  const same = (x: readonly number[], y: readonly number[]): boolean =>
    wide(x).every((value, i) => near(value, wide(y)[i]!));
  return near(a.scale, b.scale) && same(a.mean, b.mean) && same(a.std, b.std);
}

function count(hits: Uint8Array): number {
  return hits.reduce((sum, hit) => sum + hit, 0);
}
