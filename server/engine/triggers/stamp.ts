import { badInput } from '../../protocol/errors';
import type { RandomStream } from '../data/random';
import { plural } from '../../protocol/words';

/** [height, width, channels]. */
export type Shape = readonly [number, number, number];

/** What a kind of trigger does with pixels; see `Trigger.stamp`. */
export interface Stamp {
  stamp(pixels: Float32Array): void;
  /** Makes of one image, in place, what the attack's training shows under its true label; absent where an attack has no such mode. */
  noisy?(image: Float32Array, random: RandomStream): void;
  /** SHA-256 of the image file that the trigger was read from; null without one. */
  readonly sha256: string | null;
}

/** Limits pixels to [0, 1], in place. */
export function clip(pixels: Float32Array): void {
  for (let i = 0; i < pixels.length; i++) {
    const value = pixels[i]!;
    if (value < 0) pixels[i] = 0;
    else if (value > 1) pixels[i] = 1;
  }
}

/** One value a channel, from one for all or one for each. */
export function perChannel(values: readonly number[], channels: number, place: string): number[] {
  if (values.length === channels) return [...values];
  if (values.length === 1) return new Array<number>(channels).fill(values[0]!);
  throw badInput(
    'trigger.value',
    `The trigger's value has ${values.length} numbers, but the images have ${plural(channels, 'channel')}.`,
    {
      place,
      todo: `Give one number, or ${channels}.`,
    },
  );
}
