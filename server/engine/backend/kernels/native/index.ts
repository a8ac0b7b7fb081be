import { registerKernel, unregisterKernel } from '@tensorflow/tfjs-core';
import { inputGradientKernel } from './input-gradient';
import { pointwiseKernels } from './pointwise';

let applied = false;

/**
 * Gives the native backend right kernels in place of those that oneDNN computes wrongly, or ends the process in, on some CPUs.
 * Call it once the package's kernels are registered; further calls do nothing.
 */
export function applyNativeKernels(): void {
  if (applied) return;
  applied = true;
  for (const kernel of [...pointwiseKernels(), inputGradientKernel()]) {
    unregisterKernel(kernel.kernelName, kernel.backendName);
    registerKernel(kernel);
  }
}
