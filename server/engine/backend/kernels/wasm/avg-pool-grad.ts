import { backend_util, type AvgPoolGradAttrs, type AvgPoolGradInputs, type TensorInfo } from '@tensorflow/tfjs-core';
import { forEachWindow } from './pooling-windows';
import { heapFloats, wasmKernel, zeros, type KernelCall } from './support';

/**
 * Gradient of 2-D average pooling for any window, stride and padding: each error is shared evenly among the inputs of
 * its window. The forward pass averages only cells inside the image; the package's gradient divides by the whole window
 * and so is wrong wherever a window reaches into the padding.
 */
function avgPoolGrad({ inputs, attrs, backend }: KernelCall<AvgPoolGradInputs, AvgPoolGradAttrs>): TensorInfo {
  const { dy, input } = inputs;
  const info = backend_util.computePool2DInfo(
    input.shape as [number, number, number, number],
    attrs.filterSize,
    attrs.strides,
    1,
    attrs.pad,
  );
  const dx = zeros(backend, input.shape);
  const errors = heapFloats(backend, dy);
  const gradient = heapFloats(backend, dx);
  const channels = info.inChannels;
  forEachWindow(info, (cells, count, output) => {
    for (let i = 0; i < count; i++) {
      const cell = cells[i]!;
      for (let c = 0; c < channels; c++) gradient[cell + c]! += errors[output + c]! / count;
    }
  });
  return dx;
}

export const avgPoolGradKernel = wasmKernel('AvgPoolGrad', avgPoolGrad);
