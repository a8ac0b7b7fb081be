import { cancelled } from '../../protocol/errors';
import type { TriggeredInputs } from '../triggers/trigger';
import type { Normalisation, View } from '../data/dataset';
import { normalise } from '../data/normalise';
import type { OpenModel } from '../model/model';
import type { Batch } from '../model/network/network';

/** Images a forward pass takes at a time: larger brings no speed, and memory stays small. */
export const EVALUATION_BATCH = 256;

/** Something that gives labelled images: a view of a split, or triggered inputs. */
export interface InputSource {
  readonly count: number;
  /** True class of each input; length `count`. */
  readonly labels: Int32Array;
  /** Pixels in [0, 1] of the named inputs, as a fresh NHWC array. */
  pixels(positions: ArrayLike<number>): Float32Array;
}

/** A view as a source: position p is image indices[p] of the split. */
export function sourceOf(view: View): InputSource {
  const { split, indices } = view;
  return {
    count: indices.length,
    labels: indices.map((i) => split.labels[i]!),
    pixels: (positions) => split.pixels(Int32Array.from(positions, (p) => indices[p]!)),
  };
}

/** Some positions of a source, as a source. */
export function subsetOf(source: InputSource | TriggeredInputs, positions: Int32Array): InputSource {
  return {
    count: positions.length,
    labels: positions.map((p) => source.labels[p]!),
    pixels: (at) => source.pixels(Int32Array.from(at, (p) => positions[p]!)),
  };
}

/** What every pass over data needs. */
export interface PassOptions {
  model: OpenModel;
  normalisation: Normalisation;
  /** Stops within one batch. */
  signal: AbortSignal;
  /** Called after each batch with the number of images done so far in this pass, and of how many. */
  onImages?: (done: number, of: number) => void;
}

/** The model's input for some positions. */
export function batchOf(
  source: Pick<InputSource, 'pixels'>,
  positions: ArrayLike<number>,
  { model, normalisation }: Pick<PassOptions, 'model' | 'normalisation'>,
): Batch {
  const pixels = source.pixels(positions);
  normalise(pixels, model.inputShape[2], normalisation);
  return { pixels, rows: positions.length };
}

/**
 * Calls `onBatch` with each batch of a source, in order; gives the event loop a turn between batches so that
 * messages (cancel) arrive.
 * @throws FinePruneError of kind `cancelled`
 */
export async function eachBatch(
  source: InputSource,
  options: PassOptions,
  onBatch: (batch: Batch, start: number) => void,
  size = EVALUATION_BATCH,
): Promise<void> {
  for (let start = 0; start < source.count; start += size) {
    if (options.signal.aborted) throw cancelled();
    const rows = Math.min(size, source.count - start);
    const positions = Int32Array.from({ length: rows }, (_, i) => start + i);
    onBatch(batchOf(source, positions, options), start);
    options.onImages?.(start + rows, source.count);
    await turn(options.signal);
  }
  if (options.signal.aborted) throw cancelled();
}

/**
 * Gives the event loop a turn, so that messages arrive.
 * @throws FinePruneError of kind `cancelled` when one of them has cancelled
 */
export async function turn(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (signal.aborted) throw cancelled();
}
