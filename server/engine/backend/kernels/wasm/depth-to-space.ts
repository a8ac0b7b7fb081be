import type { DepthToSpaceAttrs, DepthToSpaceInputs, TensorInfo } from '@tensorflow/tfjs-core';
import { heapFloats, wasmKernel, type KernelCall } from './support';

/**
 * [N, height, width, b·b·C] → [N, height·b, width·b, C], each pixel's channels becoming a block of pixels: in place of the package's
 * kernel, which works out the place of every single number and takes twice as long as the convolution before it.
 * @throws Error for another order of axes than NHWC
 */
function depthToSpace({
  inputs: { x },
  attrs: { blockSize, dataFormat },
  backend,
}: KernelCall<DepthToSpaceInputs, DepthToSpaceAttrs>): TensorInfo {
  if (dataFormat !== 'NHWC') throw new Error(`DepthToSpace on wasm needs NHWC, got ${dataFormat}.`);
  const [batch, height, width, depth] = x.shape as [number, number, number, number];
  const channels = depth / (blockSize * blockSize);
  const out = backend.makeOutput([batch, height * blockSize, width * blockSize, channels], 'float32');
  const from = heapFloats(backend, x);
  const to = heapFloats(backend, out);
  // One row of a block lies together in both.
  const run = blockSize * channels;
  let source = 0;
  for (let row = 0; row < batch * height; row++) {
    for (let column = 0; column < width; column++) {
      for (let inBlock = 0; inBlock < blockSize; inBlock++) {
        const target = ((row * blockSize + inBlock) * width + column) * run;
        for (let i = 0; i < run; i++) to[target + i] = from[source++]!;
      }
    }
  }
  return out;
}

export const depthToSpaceKernel = wasmKernel('DepthToSpace', depthToSpace);
