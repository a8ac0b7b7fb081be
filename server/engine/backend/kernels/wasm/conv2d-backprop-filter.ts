import {
  backend_util,
  util,
  type Conv2DBackpropFilterAttrs,
  type Conv2DBackpropFilterInputs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { isPointwise } from '../pointwise';
import { convolve, free, runRegistered, transpose, wasmKernel, type KernelCall } from './support';

/**
 * Gradient of a 2-D convolution with respect to its filter, which the package lacks (tensorflow/tfjs#8474).
 *
 * dW[i,j,c,o] = Σ over n,y,x of X[n, s·y+i, s·x+j, c] · dY[n,y,x,o] is itself a convolution: channels of X become the
 * batch, the batch becomes the channels, dY becomes the filter, and the forward stride s becomes the dilation. So one
 * call of the optimised forward kernel does all the arithmetic.
 */
function conv2DBackpropFilter({
  inputs,
  attrs,
  backend,
}: KernelCall<Conv2DBackpropFilterInputs, Conv2DBackpropFilterAttrs>): TensorInfo {
  const { x, dy } = inputs;
  const format = backend_util.convertConv2DDataFormat(attrs.dataFormat);
  if (format !== 'channelsLast') throw new Error(`Conv2DBackpropFilter on wasm needs NHWC, got ${attrs.dataFormat}.`);
  const info = backend_util.computeConv2DInfo(
    x.shape as [number, number, number, number],
    attrs.filterShape,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
    false,
    format,
  );
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  if (isPointwise(info)) return pointwiseFilterGradient(backend, x, dy, info);

  const images = transpose(backend, x, [3, 1, 2, 0]); // [inChannels, H, W, N]
  const errors = transpose(backend, dy, [1, 2, 0, 3]); // [outH, outW, N, outChannels]
  const full = convolve(backend, images, errors, info.padInfo, [info.strideHeight, info.strideWidth]);
  free(backend, images, errors);
  // Rows and columns that a stride leaves over at the far edge give extra outputs, which no filter cell stands for.
  const cut = runRegistered(
    backend,
    'Slice',
    { x: full },
    { begin: [0, 0, 0, 0], size: [inChannels, filterHeight, filterWidth, outChannels] },
  );
  free(backend, full);
  const filterGradient = transpose(backend, cut, [1, 2, 0, 3]);
  free(backend, cut);
  return filterGradient;
}

/** The same of a 1×1 window, as a matrix product of the pixels that it comes to: 2 to 60 times as fast. */
function pointwiseFilterGradient(
  backend: BackendWasm,
  x: TensorInfo,
  dy: TensorInfo,
  { filterShape, inChannels, outChannels, strideHeight, strideWidth }: backend_util.Conv2DInfo,
): TensorInfo {
  const strided = strideHeight > 1 || strideWidth > 1;
  const read = strided
    ? runRegistered(
        backend,
        'AvgPool',
        { x },
        { filterSize: [1, 1], strides: [strideHeight, strideWidth], pad: 'valid' },
      )
    : x;
  const rows = util.sizeFromShape(dy.shape.slice(0, 3));
  const product = runRegistered(
    backend,
    'BatchMatMul',
    { a: { ...read, shape: [rows, inChannels] }, b: { ...dy, shape: [rows, outChannels] } },
    { transposeA: true, transposeB: false },
  );
  if (strided) free(backend, read);
  return { ...product, shape: filterShape };
}

export const conv2DBackpropFilterKernel = wasmKernel('Conv2DBackpropFilter', conv2DBackpropFilter);
