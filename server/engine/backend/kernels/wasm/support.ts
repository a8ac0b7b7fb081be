import {
  getKernel,
  util,
  type KernelConfig,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

/** What tfjs hands to a kernel, with the types that a kernel of this backend relies on. None of the inputs is optional. */
export interface KernelCall<I, A> {
  inputs: Record<keyof I, TensorInfo>;
  attrs: A;
  backend: BackendWasm;
}

/** Padding of one spatial operation, in cells at each edge. */
export interface Padding {
  top: number;
  bottom: number;
  left: number;
  right: number;
}

/** Describes a kernel for the `wasm` backend; `run` owns every intermediate tensor and returns one output. */
export function wasmKernel<I, A>(kernelName: string, run: (call: KernelCall<I, A>) => TensorInfo): KernelConfig {
  return {
    kernelName,
    backendName: 'wasm',
    // tfjs types inputs, attributes and backends of all kernels alike; the kernel's name is what fixes them.
    kernelFunc: ({ inputs, attrs, backend }) =>
      run({ inputs: inputs as Record<keyof I, TensorInfo>, attrs: attrs as A, backend: backend as BackendWasm }),
  };
}

/** Runs one kernel. The result is not tracked by `tidy`: the caller passes it on or frees it. */
export function runKernel(kernel: KernelConfig, backend: BackendWasm, inputs: object, attrs: object): TensorInfo {
  const output = kernel.kernelFunc({ inputs: inputs as NamedTensorInfoMap, attrs: attrs as NamedAttrMap, backend });
  return Array.isArray(output) ? output[0]! : output;
}

/** Runs the kernel that is registered under that name, the package's or our own. */
export function runRegistered(
  backend: BackendWasm,
  name: string,
  inputs: Record<string, TensorInfo>,
  attrs: object,
): TensorInfo {
  const kernel = getKernel(name, 'wasm');
  if (!kernel) throw new Error(`The wasm backend has no kernel ${name}.`);
  return runKernel(kernel, backend, inputs, attrs);
}

export function transpose(backend: BackendWasm, x: TensorInfo, perm: number[]): TensorInfo {
  return runRegistered(backend, 'Transpose', { x }, { perm });
}

/** A stride-1 convolution, NHWC with an HWIO filter, with explicit padding. */
export function convolve(
  backend: BackendWasm,
  x: TensorInfo,
  filter: TensorInfo,
  pad: Padding,
  dilations: [number, number],
): TensorInfo {
  return runRegistered(
    backend,
    'Conv2D',
    { x, filter },
    {
      strides: [1, 1],
      pad: [
        [0, 0],
        [pad.top, pad.bottom],
        [pad.left, pad.right],
        [0, 0],
      ],
      dilations,
      dataFormat: 'NHWC',
    },
  );
}

export function free(backend: BackendWasm, ...tensors: TensorInfo[]): void {
  for (const { dataId } of tensors) backend.disposeData(dataId);
}

/**
 * The float32 values of a tensor, in place on the WASM heap. Take views only after every allocation:
 * growing the heap detaches them.
 */
export function heapFloats(backend: BackendWasm, tensor: TensorInfo): Float32Array {
  if (tensor.dtype !== 'float32') throw new Error(`Expected a float32 tensor, got ${tensor.dtype}.`);
  return backend.typedArrayFromHeap(tensor) as Float32Array;
}

/** A new float32 tensor of zeros: the heap is not cleared by its allocator. */
export function zeros(backend: BackendWasm, shape: number[]): TensorInfo {
  const out = backend.makeOutput(shape, 'float32');
  if (util.sizeFromShape(shape) > 0) heapFloats(backend, out).fill(0);
  return out;
}
