import {
  util,
  type TensorInfo,
  type UnsortedSegmentSumAttrs,
  type UnsortedSegmentSumInputs,
} from '@tensorflow/tfjs-core';
import { heapFloats, wasmKernel, zeros, type KernelCall } from './support';

/**
 * Adds up the slices of x along its first axis that carry the same segment number: the gradient of `gather`, which the
 * package lacks (tensorflow/tfjs#8082). Numbers outside 0 … numSegments-1 are left out, as in TensorFlow.
 */
function unsortedSegmentSum({
  inputs,
  attrs,
  backend,
}: KernelCall<UnsortedSegmentSumInputs, UnsortedSegmentSumAttrs>): TensorInfo {
  const { x, segmentIds } = inputs;
  const slice = util.sizeFromShape(x.shape.slice(1));
  const out = zeros(backend, [attrs.numSegments, ...x.shape.slice(1)]);
  const values = heapFloats(backend, x);
  const ids = backend.typedArrayFromHeap(segmentIds);
  const sums = heapFloats(backend, out);
  for (let row = 0; row < ids.length; row++) {
    const segment = ids[row]!;
    if (segment < 0 || segment >= attrs.numSegments) continue;
    for (let i = 0; i < slice; i++) sums[segment * slice + i]! += values[row * slice + i]!;
  }
  return out;
}

export const unsortedSegmentSumKernel = wasmKernel('UnsortedSegmentSum', unsortedSegmentSum);
