/** Mask and pattern in [0, 1]; the norm is the mask's sum, in pixels. */
export interface MaskAndPattern {
  readonly mask: Float32Array;
  readonly pattern: Float32Array;
  readonly norm: number;
}

/** x·(1 − mask) + pattern·mask for whole images of pixels in [0, 1], NHWC; `into` may be `images` itself. */
export function stampMask(
  { mask, pattern }: { mask: Float32Array; pattern: Float32Array },
  channels: number,
  images: Float32Array,
  into: Float32Array,
): void {
  const size = pattern.length;
  for (let at = 0; at < images.length; at += size) {
    for (let i = 0; i < size; i++) {
      const share = mask[channels === 1 ? i : Math.floor(i / channels)]!;
      into[at + i] = images[at + i]! * (1 - share) + share * pattern[i]!;
    }
  }
}
