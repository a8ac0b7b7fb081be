import {
  backend_util,
  tidy,
  type Conv2DBackpropInputAttrs,
  type Conv2DBackpropInputInputs,
  type Tensor4D,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { isPointwise } from '../pointwise';
import { subPixelConvolution } from '../sub-pixel';
import { convolve, free, heapFloats, runRegistered, transpose, wasmKernel, zeros, type KernelCall } from './support';

/**
 * Gradient of a 2-D convolution with respect to its input, in place of the package's scalar loop (half of a training
 * step): the errors, spread out by the stride, convolved with the filter turned by 180° and its channels exchanged.
 */
function conv2DBackpropInput({
  inputs,
  attrs,
  backend,
}: KernelCall<Conv2DBackpropInputInputs, Conv2DBackpropInputAttrs>): TensorInfo {
  const { dy, filter } = inputs;
  const format = backend_util.convertConv2DDataFormat(attrs.dataFormat);
  if (format !== 'channelsLast') throw new Error(`Conv2DBackpropInput on wasm needs NHWC, got ${attrs.dataFormat}.`);
  const info = backend_util.computeConv2DInfo(
    attrs.inputShape,
    filter.shape as [number, number, number, number],
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
    false,
    format,
  );
  const { filterHeight, filterWidth, inHeight, inWidth, strideHeight, strideWidth, padInfo } = info;

  if (isPointwise(info)) return pointwiseInputGradient(backend, dy, filter, info);
  // Three quarters of what a stride of 2 spreads out are zeros. The engine calls a gradient's kernel with tensors.
  if ((strideHeight > 1 || strideWidth > 1) && ['SAME', 'VALID'].includes(padInfo.type))
    return tidy(() => subPixelConvolution(dy as Tensor4D, filter as Tensor4D, info));

  const reversed = runRegistered(backend, 'Reverse', { x: filter }, { dims: [0, 1] });
  const turned = transpose(backend, reversed, [0, 1, 3, 2]);
  free(backend, reversed);
  const [, outHeight, outWidth] = dy.shape as [number, number, number, number];
  const [spreadHeight, spreadWidth] = [(outHeight - 1) * strideHeight + 1, (outWidth - 1) * strideWidth + 1];
  const spread = spreadByStride(backend, dy, strideHeight, strideWidth, spreadHeight, spreadWidth);
  // At each edge of the input, the border of filterSize-1 that reaches every position, less the padding of the forward
  // pass. Negative (padding wider than the filter's reach) means that errors lie wholly in the padding: cut them off.
  const top = filterHeight - 1 - padInfo.top;
  const left = filterWidth - 1 - padInfo.left;
  const border = {
    top,
    bottom: inHeight + filterHeight - 1 - top - spreadHeight,
    left,
    right: inWidth + filterWidth - 1 - left - spreadWidth,
  };
  const cropped = cropNegative(backend, spread, border);
  const gradient = convolve(
    backend,
    cropped,
    turned,
    {
      top: Math.max(0, border.top),
      bottom: Math.max(0, border.bottom),
      left: Math.max(0, border.left),
      right: Math.max(0, border.right),
    },
    [1, 1],
  );
  free(backend, turned);
  if (spread !== dy) free(backend, spread);
  if (cropped !== spread) free(backend, cropped);
  return gradient;
}

/** The same of a 1×1 window: only the pixels that it came to have a gradient, so they are spread out last. */
function pointwiseInputGradient(
  backend: BackendWasm,
  dy: TensorInfo,
  filter: TensorInfo,
  { strideHeight, strideWidth, inHeight, inWidth }: backend_util.Conv2DInfo,
): TensorInfo {
  const turned = transpose(backend, filter, [0, 1, 3, 2]);
  const read = convolve(backend, dy, turned, { top: 0, bottom: 0, left: 0, right: 0 }, [1, 1]);
  const gradient = spreadByStride(backend, read, strideHeight, strideWidth, inHeight, inWidth);
  free(backend, turned);
  if (gradient !== read) free(backend, read);
  return gradient;
}

/** Puts stride-1 zeros between neighbours, so that a strided convolution can be undone by one of stride 1, and zeros after the last. */
function spreadByStride(
  backend: BackendWasm,
  dy: TensorInfo,
  strideHeight: number,
  strideWidth: number,
  outHeight: number,
  outWidth: number,
): TensorInfo {
  if (strideHeight === 1 && strideWidth === 1) return dy;
  const [batch, height, width, channels] = dy.shape as [number, number, number, number];
  const out = zeros(backend, [batch, outHeight, outWidth, channels]);
  const from = heapFloats(backend, dy);
  const to = heapFloats(backend, out);
  let source = 0;
  for (let n = 0; n < batch; n++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, source += channels) {
        const target = ((n * outHeight + y * strideHeight) * outWidth + x * strideWidth) * channels;
        for (let c = 0; c < channels; c++) to[target + c] = from[source + c]!;
      }
    }
  }
  return out;
}

function cropNegative(
  backend: BackendWasm,
  x: TensorInfo,
  border: { top: number; bottom: number; left: number; right: number },
): TensorInfo {
  const { top, bottom, left, right } = border;
  if (Math.min(top, bottom, left, right) >= 0) return x;
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const begin = [0, Math.max(0, -top), Math.max(0, -left), 0];
  const size = [batch, height - begin[1]! + Math.min(0, bottom), width - begin[2]! + Math.min(0, right), channels];
  return runRegistered(backend, 'Slice', { x }, { begin, size });
}

export const conv2DBackpropInputKernel = wasmKernel('Conv2DBackpropInput', conv2DBackpropInput);
