import { getKernel, registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { avgPoolGradKernel } from './avg-pool-grad';
import { batchMatMulKernel } from './batch-mat-mul';
import { conv2DBackpropFilterKernel } from './conv2d-backprop-filter';
import { conv2DBackpropInputKernel } from './conv2d-backprop-input';
import { depthToSpaceKernel } from './depth-to-space';
import { depthwiseBackpropFilterKernel, depthwiseBackpropInputKernel } from './depthwise-conv2d-backprop';
import { maxPoolGradKernel } from './max-pool-grad';
import { samePaddingKernels } from './same-padding';
import { unsortedSegmentSumKernel } from './unsorted-segment-sum';

let applied = false;

/**
 * Gives the `wasm` backend the kernels that training lacks, and right or fast ones in place of those that are wrong or
 * slow. Call it once the package's kernels are registered; further calls do nothing.
 */
export function applyWasmKernels(): void {
  if (applied) return;
  applied = true;
  const kernels = [
    avgPoolGradKernel,
    batchMatMulKernel(),
    conv2DBackpropFilterKernel,
    conv2DBackpropInputKernel,
    depthToSpaceKernel,
    depthwiseBackpropFilterKernel,
    depthwiseBackpropInputKernel,
    maxPoolGradKernel,
    unsortedSegmentSumKernel,
    ...samePaddingKernels(),
  ];
  for (const kernel of kernels) {
    if (getKernel(kernel.kernelName, 'wasm')) unregisterKernel(kernel.kernelName, 'wasm');
    registerKernel(kernel);
  }
}
