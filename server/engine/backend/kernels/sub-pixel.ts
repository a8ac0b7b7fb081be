import {
  conv2d,
  depthToSpace,
  pad,
  reshape,
  reverse,
  slice,
  transpose,
  type backend_util,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/**
 * The input gradient of a strided convolution as one convolution of stride 1 ("sub-pixel convolution": Shi et al., Real-Time Single
 * Image and Video Super-Resolution Using an Efficient Sub-Pixel Convolutional Neural Network, 2016, section 3.2). Along an axis,
 * with stride s and p pixels of padding before the image, pixel q·s + r − p is read by the windows q − u, at their cell r + s·u. So
 * the s pixels r = 0 … s − 1 of a block q are s channels of a convolution of the errors with the filter's cells r, r + s, r + 2s, …
 */
export function subPixelConvolution(dy: Tensor4D, filter: Tensor4D, geometry: backend_util.Conv2DInfo): Tensor {
  const {
    batchSize,
    inHeight,
    inWidth,
    inChannels,
    outChannels,
    filterHeight,
    filterWidth,
    strideHeight,
    strideWidth,
    outHeight,
    outWidth,
    padInfo,
  } = geometry;
  const rows = axisOf(inHeight, outHeight, filterHeight, strideHeight, padInfo.top);
  const columns = axisOf(inWidth, outWidth, filterWidth, strideWidth, padInfo.left);

  const whole = pad(filter, [
    [0, rows.taps * strideHeight - filterHeight],
    [0, columns.taps * strideWidth - filterWidth],
    [0, 0],
    [0, 0],
  ]);
  const cells = reshape(whole, [rows.taps, strideHeight, columns.taps, strideWidth, inChannels, outChannels]);
  // [tap, tap, channels out, row in the block, column in the block, channels in], taps from the last to the first.
  const turned = transpose(reverse(cells, [0, 2]), [0, 2, 5, 1, 3, 4]);
  const kernel = reshape(turned, [
    rows.taps,
    columns.taps,
    outChannels,
    strideHeight * strideWidth * inChannels,
  ]) as Tensor4D;

  const blocks = conv2d(dy, kernel, 1, [[0, 0], rows.border, columns.border, [0, 0]]);
  const image = unfold(blocks, strideHeight, strideWidth, inChannels);
  const read = slice(image, [0, padInfo.top, padInfo.left, 0], [batchSize, rows.read, columns.read, inChannels]);
  return pad(read, [
    [0, 0],
    [0, inHeight - rows.read],
    [0, inWidth - columns.read],
    [0, 0],
  ]);
}

/**
 * Of one axis: the taps of the convolution that undoes it, the zeros around the errors, and the pixels from the first on that any
 * window reaches; a stride may leave some over at the end.
 */
function axisOf(
  length: number,
  windows: number,
  size: number,
  stride: number,
  before: number,
): { taps: number; border: [number, number]; read: number } {
  const taps = Math.ceil(size / stride);
  const blocks = Math.min(Math.ceil((before + length) / stride), windows + taps - 1);
  return { taps, border: [taps - 1, blocks - windows], read: Math.min(length, blocks * stride - before) };
}

/** [N, height, width, sh·sw·C] → [N, height·sh, width·sw, C]: each block's channels become its pixels. */
function unfold(blocks: Tensor4D, strideHeight: number, strideWidth: number, channels: number): Tensor4D {
  if (strideHeight === strideWidth) return depthToSpace(blocks, strideHeight);
  const [batch, height, width] = blocks.shape;
  const apart = reshape(blocks, [batch, height, width, strideHeight, strideWidth, channels]);
  return reshape(transpose(apart, [0, 1, 3, 2, 4, 5]), [batch, height * strideHeight, width * strideWidth, channels]);
}
