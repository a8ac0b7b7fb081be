import {
  backend_util,
  getKernel,
  type KernelConfig,
  type Tensor,
  type Tensor4D,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { NodeJSKernelBackend } from '@tensorflow/tfjs-node/dist/nodejs_kernel_backend';

/** The name under which tfjs-node's kernels are registered; the backend has to carry the same one. */
export const NATIVE_BACKEND = 'tensorflow';

/** What describes a convolution in the attributes of its forward and both gradient kernels. */
export interface ConvolutionAttrs {
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dataFormat?: 'NHWC' | 'NCHW';
  dilations?: [number, number] | number | null;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** What tfjs hands to a kernel of this backend, with the types that a kernel relies on. */
export interface KernelCall<I, A> {
  inputs: I;
  attrs: A;
  backend: NodeJSKernelBackend;
  /** The package's own kernel of this name, on the same inputs. */
  stock(): Tensor;
}

/**
 * A kernel in place of the package's own of the same name, which must be registered when this is called. tfjs calls kernels
 * outside of the tape, so `run` may use its operations; it owns every intermediate tensor.
 */
export function nativeKernel<I, A>(kernelName: string, run: (call: KernelCall<I, A>) => TensorInfo): KernelConfig {
  const { kernelFunc } = getKernel(kernelName, NATIVE_BACKEND);
  return {
    kernelName,
    backendName: NATIVE_BACKEND,
    // tfjs types inputs, attributes and backends of all kernels alike; the kernel's name is what fixes them.
    kernelFunc: (given) =>
      run({
        inputs: given.inputs as unknown as I,
        attrs: given.attrs as unknown as A,
        backend: given.backend as NodeJSKernelBackend,
        stock: () => kernelFunc(given) as Tensor,
      }),
  };
}

/** Sizes, strides and padding of a convolution of NHWC images; null for the other order of axes, which nothing here asks for. */
export function geometryOf(
  inputShape: readonly number[],
  filterShape: readonly number[],
  { strides, pad, dataFormat, dilations, dimRoundingMode }: ConvolutionAttrs,
): backend_util.Conv2DInfo | null {
  if (dataFormat === 'NCHW') return null;
  return backend_util.computeConv2DInfo(
    inputShape as Tensor4D['shape'],
    filterShape as Tensor4D['shape'],
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
  );
}
