import type { backend_util } from '@tensorflow/tfjs-core';

/**
 * Whether a convolution looks at one pixel at a time, so that it is a matrix product: [pixels, channels in] × [channels in,
 * channels out]. Dilation means nothing to a window of one pixel.
 */
export function isPointwise({
  filterHeight,
  filterWidth,
  padInfo: { top, bottom, left, right },
}: backend_util.Conv2DInfo): boolean {
  return filterHeight === 1 && filterWidth === 1 && top === 0 && bottom === 0 && left === 0 && right === 0;
}
