import type { backend_util } from '@tensorflow/tfjs-core';

/**
 * Visits the windows of a 2-D pooling in the order of its outputs, NHWC.
 *
 * @param visit gets the offsets into the input of the first channel of each cell inside the image, in row-major order
 *   (only the first `count` entries of `cells` hold; the array is reused), and the offset of the window's first channel
 *   in the output. Windows that lie wholly in the padding are left out.
 */
export function forEachWindow(
  info: backend_util.Conv2DInfo,
  visit: (cells: Int32Array, count: number, output: number) => void,
): void {
  const {
    batchSize,
    inChannels: channels,
    inHeight,
    inWidth,
    outHeight,
    outWidth,
    strideHeight,
    strideWidth,
    padInfo,
  } = info;
  const { effectiveFilterHeight: windowHeight, effectiveFilterWidth: windowWidth } = info;
  const cells = new Int32Array(Math.min(windowHeight, inHeight) * Math.min(windowWidth, inWidth));
  let output = 0;
  for (let n = 0; n < batchSize; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      const top = oy * strideHeight - padInfo.top;
      const yTo = Math.min(inHeight, top + windowHeight);
      for (let ox = 0; ox < outWidth; ox++, output += channels) {
        const left = ox * strideWidth - padInfo.left;
        const xTo = Math.min(inWidth, left + windowWidth);
        let count = 0;
        for (let y = Math.max(0, top); y < yTo; y++) {
          for (let x = Math.max(0, left); x < xTo; x++) cells[count++] = ((n * inHeight + y) * inWidth + x) * channels;
        }
        if (count > 0) visit(cells, count, output);
      }
    }
  }
}
