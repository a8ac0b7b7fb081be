import type { ResolvedTrigger } from '../../protocol/config/config';
import { randomStream } from '../data/random';
import { readPattern } from './png';
import { clip, type Shape, type Stamp } from './stamp';

type Blended = Extract<ResolvedTrigger, { kind: 'blended' }>;

/**
 * Blended (Chen et al. 2017): (1 − alpha)·x + alpha·pattern. Without an image the pattern is uniform noise in [0, 1), its values drawn
 * row by row, channel by channel, from the stream of `patternSeed`.
 *
 * @param image absolute path of the pattern's PNG, of the images' size; null for noise
 * @throws FinePruneError `trigger.image…`
 */
export async function blendedStamp(
  config: Blended,
  image: string | null,
  [height, width, channels]: Shape,
): Promise<Stamp> {
  const size = height * width * channels;
  const weights = new Float32Array(size).fill(config.alpha);
  let pixels: Float32Array;
  let sha256: string | null = null;
  if (image === null) {
    const random = randomStream(config.patternSeed, 'pattern');
    pixels = Float32Array.from({ length: size }, () => random.unit());
  } else {
    const pattern = await readPattern(image, channels, (h, w) =>
      h === height && w === width ? null : `it is ${h}×${w} pixels, the images are ${height}×${width}`,
    );
    pixels = pattern.pixels;
    sha256 = pattern.sha256;
    for (let i = 0; i < size; i++) weights[i] = config.alpha * pattern.opacity[Math.floor(i / channels)]!;
  }
  const stamp = (images: Float32Array): void => {
    for (let i = 0; i < images.length; i++) {
      const k = i % size;
      images[i] = (1 - weights[k]!) * images[i]! + weights[k]! * pixels[k]!;
    }
    clip(images);
  };
  return { stamp, sha256 };
}
