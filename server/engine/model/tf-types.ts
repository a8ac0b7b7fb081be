// One place that says which TF.js packages the engine sees: never a backend package.
export type { Tensor, Tensor2D, Tensor4D, Variable, NamedTensorMap } from '@tensorflow/tfjs-core';
export type { LayersModel } from '@tensorflow/tfjs-layers';
