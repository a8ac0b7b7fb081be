import type { Normalisation, Split } from './dataset';

/** Turns pixels in [0, 1] into what the model was trained on, in place: (pixel − mean) / std by channel, NHWC. */
export function normalise(pixels: Float32Array, channels: number, { mean, std }: Normalisation): void {
  if (mean.every((m) => m === 0) && std.every((s) => s === 1)) return;
  for (const list of [mean, std]) {
    if (list.length !== 1 && list.length !== channels)
      throw new RangeError(`mean and std need 1 or ${channels} values, not ${list.length}`);
  }
  for (let channel = 0; channel < channels; channel++) {
    const m = mean[mean.length === 1 ? 0 : channel]!;
    const s = std[std.length === 1 ? 0 : channel]!;
    for (let i = channel; i < pixels.length; i += channels) pixels[i] = (pixels[i]! - m) / s;
  }
}

/** Pixels of a split, or of triggered inputs, ready for the model: a fresh array of indices.length whole images, NHWC. */
export function modelInput(
  source: Pick<Split, 'pixels'>,
  indices: ArrayLike<number>,
  channels: number,
  n: Normalisation,
): Float32Array {
  const pixels = source.pixels(indices);
  normalise(pixels, channels, n);
  return pixels;
}
