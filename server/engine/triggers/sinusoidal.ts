import type { ResolvedTrigger } from '../../protocol/config/config';
import { clip, type Shape, type Stamp } from './stamp';

type Sinusoidal = Extract<ResolvedTrigger, { kind: 'sinusoidal' }>;

/** SIG (Barni, Kallas, Tondi 2019): x + amplitude·sin(2π·column·frequency / width), columns from 0, the same in every row and channel. */
export function sinusoidalStamp({ amplitude, frequency }: Sinusoidal, [, width, channels]: Shape): Stamp {
  const wave = Float64Array.from(
    { length: width },
    (_, column) => amplitude * Math.sin((2 * Math.PI * column * frequency) / width),
  );
  const stamp = (pixels: Float32Array): void => {
    for (let i = 0; i < pixels.length; i++) pixels[i] = pixels[i]! + wave[Math.floor(i / channels) % width]!;
    clip(pixels);
  };
  return { stamp, sha256: null };
}
