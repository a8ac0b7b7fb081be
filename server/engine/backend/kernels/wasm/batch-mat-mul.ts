import {
  getKernel,
  util,
  type BatchMatMulAttrs,
  type BatchMatMulInputs,
  type KernelConfig,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { free, runKernel, transpose, wasmKernel, type KernelCall } from './support';

/**
 * Matrix product whose transposed forms, which every gradient of a dense layer asks for, are as fast as the plain one:
 * the package's optimised path takes only one matrix pair without transposes, so these are transposed beforehand.
 * The package's own kernel must be registered when this is called.
 */
export function batchMatMulKernel(): KernelConfig {
  const stock = getKernel('BatchMatMul', 'wasm');
  const own = wasmKernel('BatchMatMul', (call: KernelCall<BatchMatMulInputs, BatchMatMulAttrs>) =>
    batchMatMul(call, stock),
  );
  return { ...stock, ...own }; // its set-up binds the WASM function that the optimised path calls
}

function batchMatMul(
  { inputs, attrs, backend }: KernelCall<BatchMatMulInputs, BatchMatMulAttrs>,
  stock: KernelConfig,
): TensorInfo {
  const { a, b } = inputs;
  const single = (t: TensorInfo): boolean => util.sizeFromShape(t.shape.slice(0, -2)) === 1;
  const { transposeA, transposeB } = attrs;
  if (!single(a) || !single(b)) return runKernel(stock, backend, inputs, attrs);
  const left = transposeA ? swapLastTwo(backend, a) : a;
  const right = transposeB ? swapLastTwo(backend, b) : b;
  const product = runKernel(stock, backend, { a: left, b: right }, { transposeA: false, transposeB: false });
  if (left !== a) free(backend, left);
  if (right !== b) free(backend, right);
  return product;
}

function swapLastTwo(backend: BackendWasm, x: TensorInfo): TensorInfo {
  const perm = x.shape.map((_, axis) => axis);
  const rank = perm.length;
  [perm[rank - 2], perm[rank - 1]] = [rank - 1, rank - 2];
  return transpose(backend, x, perm);
}
