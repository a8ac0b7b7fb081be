import {
  backend_util,
  type DepthwiseConv2dNativeBackpropFilterAttrs,
  type DepthwiseConv2dNativeBackpropFilterInputs,
  type DepthwiseConv2dNativeBackpropInputAttrs,
  type DepthwiseConv2dNativeBackpropInputInputs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { heapFloats, wasmKernel, zeros, type KernelCall } from './support';

type Shape4 = [number, number, number, number];

/** Gradient of a depthwise convolution with respect to its input, which the package lacks. */
function backpropInput({
  inputs,
  attrs,
  backend,
}: KernelCall<DepthwiseConv2dNativeBackpropInputInputs, DepthwiseConv2dNativeBackpropInputAttrs>): TensorInfo {
  const { dy, filter } = inputs;
  const info = backend_util.computeConv2DInfo(
    attrs.inputShape,
    filter.shape as Shape4,
    attrs.strides,
    attrs.dilations,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
  const dx = zeros(backend, attrs.inputShape);
  const errors = heapFloats(backend, dy);
  const weights = heapFloats(backend, filter);
  const gradient = heapFloats(backend, dx);
  const { inChannels, outChannels } = info;
  const multiplier = outChannels / inChannels;
  forEachTap(info, (cell, output, tap) => {
    for (let c = 0; c < inChannels; c++) {
      let sum = 0;
      for (let o = c * multiplier; o < (c + 1) * multiplier; o++) sum += errors[output + o]! * weights[tap + o]!;
      gradient[cell + c]! += sum;
    }
  });
  return dx;
}

/** Gradient of a depthwise convolution with respect to its filter, which the package lacks. */
function backpropFilter({
  inputs,
  attrs,
  backend,
}: KernelCall<DepthwiseConv2dNativeBackpropFilterInputs, DepthwiseConv2dNativeBackpropFilterAttrs>): TensorInfo {
  const { x, dy } = inputs;
  const info = backend_util.computeConv2DInfo(
    x.shape as Shape4,
    attrs.filterShape,
    attrs.strides,
    attrs.dilations,
    attrs.pad,
    attrs.dimRoundingMode,
    true,
  );
  const dw = zeros(backend, attrs.filterShape);
  const values = heapFloats(backend, x);
  const errors = heapFloats(backend, dy);
  const gradient = heapFloats(backend, dw);
  const { inChannels, outChannels } = info;
  const multiplier = outChannels / inChannels;
  // One weight sums over every pixel of the batch: too many terms for float32.
  const sums = new Float64Array(gradient.length);
  forEachTap(info, (cell, output, tap) => {
    for (let c = 0; c < inChannels; c++) {
      for (let o = c * multiplier; o < (c + 1) * multiplier; o++)
        sums[tap + o]! += values[cell + c]! * errors[output + o]!;
    }
  });
  gradient.set(sums);
  return dw;
}

/**
 * Visits every pair of an output pixel and a filter cell that meets the image, with the offsets of their first channels
 * in input, output and filter. A filter is [height, width, inChannels, multiplier], its last two axes one output channel.
 */
function forEachTap(info: backend_util.Conv2DInfo, visit: (cell: number, output: number, tap: number) => void): void {
  const {
    batchSize,
    inHeight,
    inWidth,
    outHeight,
    outWidth,
    strideHeight,
    strideWidth,
    filterHeight,
    filterWidth,
    padInfo,
  } = info;
  for (let n = 0; n < batchSize; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        const output = ((n * outHeight + oy) * outWidth + ox) * info.outChannels;
        for (let i = 0; i < filterHeight; i++) {
          const y = oy * strideHeight + i * info.dilationHeight - padInfo.top;
          if (y < 0 || y >= inHeight) continue;
          for (let j = 0; j < filterWidth; j++) {
            const x = ox * strideWidth + j * info.dilationWidth - padInfo.left;
            if (x < 0 || x >= inWidth) continue;
            visit(
              ((n * inHeight + y) * inWidth + x) * info.inChannels,
              output,
              (i * filterWidth + j) * info.outChannels,
            );
          }
        }
      }
    }
  }
}

export const depthwiseBackpropInputKernel = wasmKernel('DepthwiseConv2dNativeBackpropInput', backpropInput);
export const depthwiseBackpropFilterKernel = wasmKernel('DepthwiseConv2dNativeBackpropFilter', backpropFilter);
