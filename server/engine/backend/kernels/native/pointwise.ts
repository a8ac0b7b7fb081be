import {
  add,
  avgPool,
  matMul,
  reshape,
  tensor1d,
  tidy,
  type backend_util,
  type KernelConfig,
  type Tensor,
  type Tensor2D,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node/dist/nodejs_kernel_backend';
import { isPointwise } from '../pointwise';
import { geometryOf, nativeKernel, type ConvolutionAttrs } from './support';

interface FusedInputs {
  x: Tensor4D;
  filter: Tensor4D;
  bias?: Tensor;
  preluActivationWeights?: Tensor;
}

/** Output [N, outHeight, outWidth, channels out] of a 1×1 convolution. */
function pointwise(x: Tensor4D, filter: Tensor4D, geometry: backend_util.Conv2DInfo): Tensor4D {
  return reshape(matMul(pixelsRead(x, geometry), matrixOf(filter)), geometry.outShape);
}

/** Gradient of a 1×1 convolution by its input: 0 at the pixels that a stride leaves out. */
export function pointwiseInputGradient(
  dy: Tensor4D,
  filter: Tensor4D,
  geometry: backend_util.Conv2DInfo,
  backend: NodeJSKernelBackend,
): Tensor4D {
  const { batchSize, outHeight, outWidth, inChannels } = geometry;
  const read = reshape(matMul(rowsOf(dy), matrixOf(filter), false, true), [
    batchSize,
    outHeight,
    outWidth,
    inChannels,
  ]) as Tensor4D;
  return isStrided(geometry) ? spread(read, geometry, backend) : read;
}

/**
 * The convolution kernels, forward and by the filter, that do 1×1 windows as a matrix product and leave all others to the package.
 * With oneDNN, TensorFlow 2.21 computes the input gradient of such a convolution wrongly on some CPUs with AVX-512 (at 40, 72, 80 or
 * 512 input channels, for example), divides by zero for others (1024 → 512 forwards) and damages its heap (48 → 16, stride 2). Its
 * matrix products are right there, and faster.
 */
export function pointwiseKernels(): KernelConfig[] {
  return [
    nativeKernel('Conv2D', ({ inputs: { x, filter }, attrs, stock }: Call<Pick<FusedInputs, 'x' | 'filter'>>) => {
      const geometry = geometryOf(x.shape, filter.shape, attrs);
      return geometry && isPointwise(geometry) ? tidy(() => pointwise(x, filter, geometry)) : stock();
    }),
    nativeKernel(
      'FusedConv2D',
      ({
        inputs: { x, filter, bias, preluActivationWeights },
        attrs,
        backend,
        stock,
      }: Call<FusedInputs, { activation: string; leakyreluAlpha?: number }>) => {
        const geometry = geometryOf(x.shape, filter.shape, attrs);
        if (!geometry || !isPointwise(geometry)) return stock();
        return tidy(() => {
          const sums = pointwise(x, filter, geometry);
          return backend.applyActivation(
            bias ? add(sums, bias) : sums,
            attrs.activation,
            preluActivationWeights,
            attrs.leakyreluAlpha,
          );
        });
      },
    ),
    nativeKernel(
      'Conv2DBackpropFilter',
      ({ inputs: { x, dy }, attrs, stock }: Call<{ x: Tensor4D; dy: Tensor4D }, { filterShape: number[] }>) => {
        const geometry = geometryOf(x.shape, attrs.filterShape, attrs);
        if (!geometry || !isPointwise(geometry)) return stock();
        return tidy(() => reshape(matMul(pixelsRead(x, geometry), rowsOf(dy), true, false), attrs.filterShape));
      },
    ),
  ];
}

type Call<I, A = object> = Parameters<Parameters<typeof nativeKernel<I, A & ConvolutionAttrs>>[1]>[0];

/** The pixels that a 1×1 window comes to, as rows. A pooling of one pixel takes every stride-th, several times faster than a strided slice. */
function pixelsRead(x: Tensor4D, geometry: backend_util.Conv2DInfo): Tensor2D {
  return rowsOf(isStrided(geometry) ? avgPool(x, [1, 1], [geometry.strideHeight, geometry.strideWidth], 'valid') : x);
}

/** Puts each pixel where `pixelsRead` took it, zeros between. */
function spread(
  pixels: Tensor4D,
  { inShape, strideHeight, strideWidth }: backend_util.Conv2DInfo,
  backend: NodeJSKernelBackend,
): Tensor4D {
  const { TF_ATTR_TYPE, TF_ATTR_INT, TF_ATTR_STRING, TF_FLOAT } = backend.binding;
  const attrs = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'ksize', type: TF_ATTR_INT, value: [1, 1, 1, 1] },
    { name: 'strides', type: TF_ATTR_INT, value: [1, strideHeight, strideWidth, 1] },
    { name: 'padding', type: TF_ATTR_STRING, value: 'VALID' },
    { name: 'data_format', type: TF_ATTR_STRING, value: 'NHWC' },
  ];
  return backend.executeSingleOutput('AvgPoolGrad', attrs, [tensor1d(inShape, 'int32'), pixels]) as Tensor4D;
}

function isStrided({ strideHeight, strideWidth }: backend_util.Conv2DInfo): boolean {
  return strideHeight > 1 || strideWidth > 1;
}

function rowsOf(x: Tensor4D): Tensor2D {
  return reshape(x, [-1, x.shape[3]]);
}

function matrixOf(filter: Tensor4D): Tensor2D {
  return reshape(filter, [filter.shape[2], filter.shape[3]]);
}
