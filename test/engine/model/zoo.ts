import * as tf from '@tensorflow/tfjs-core';
import * as L from '@tensorflow/tfjs-layers';
import { noise } from '../reference';

const IMAGE: [number, number, number] = [9, 9, 2];
const BATCH = 4;
const CLASSES = 3;

const ACTIVATIONS = [
  'relu',
  'relu6',
  'elu',
  'selu',
  'sigmoid',
  'tanh',
  'softplus',
  'softsign',
  'swish',
  'gelu',
  'gelu_new',
  'mish',
  'hardSigmoid',
  'linear',
  'softmax',
  'logSoftmax',
];

type Block = (x: L.SymbolicTensor) => L.SymbolicTensor;
const through =
  (...layers: InstanceType<typeof L.layers.Layer>[]): Block =>
  (x) =>
    layers.reduce((at, layer) => layer.apply(at) as L.SymbolicTensor, x);

/** One small image classifier for each kind of layer that we run: convolution, the layer in question, dense layers. */
const BLOCKS: Record<string, () => Block> = {
  'conv2d, strided, same': () =>
    through(L.layers.conv2d({ filters: 3, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' })),
  'conv2d 1×1, stride 2, same': () =>
    through(L.layers.conv2d({ filters: 3, kernelSize: 1, strides: 2, padding: 'same', useBias: false })),
  maxPooling2d: () => through(L.layers.maxPooling2d({ poolSize: 2 })),
  'maxPooling2d, overlapping, same': () => through(L.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' })),
  averagePooling2d: () => through(L.layers.averagePooling2d({ poolSize: 2 })),
  'averagePooling2d, odd, same': () => through(L.layers.averagePooling2d({ poolSize: 2, padding: 'same' })),
  batchNormalization: () => through(L.layers.batchNormalization()),
  layerNormalization: () => through(L.layers.layerNormalization()),
  leakyReLU: () => through(L.layers.leakyReLU({ alpha: 0.2 })),
  'reLU with a maximum': () => through(L.layers.reLU({ maxValue: 1 })),
  'elu layer': () => through(L.layers.elu()),
  prelu: () => through(L.layers.prelu()),
  globalAveragePooling2d: () => through(L.layers.globalAveragePooling2d({})),
  globalMaxPooling2d: () => through(L.layers.globalMaxPooling2d({})),
  zeroPadding2d: () =>
    through(
      L.layers.zeroPadding2d({
        padding: [
          [1, 2],
          [0, 3],
        ],
      }),
    ),
  cropping2D: () =>
    through(
      L.layers.cropping2D({
        cropping: [
          [1, 0],
          [0, 2],
        ],
      }),
    ),
  upSampling2d: () => through(L.layers.upSampling2d({ size: [2, 2] })),
  reshape: () => through(L.layers.reshape({ targetShape: [9 * 9 * 2] })),
  permute: () => through(L.layers.permute({ dims: [3, 1, 2] })),
  depthwiseConv2d: () => through(L.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same' })),
  separableConv2d: () => through(L.layers.separableConv2d({ kernelSize: 3, filters: 3 })),
  conv2dTranspose: () => through(L.layers.conv2dTranspose({ kernelSize: 3, filters: 2, strides: 2 })),
  // With a seed, the mask is the same at every call and on every backend.
  dropout: () => through(L.layers.dropout({ rate: 0.5, seed: 3 })),
  add: () => (x) =>
    L.layers
      .add()
      .apply([
        x,
        through(L.layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same', activation: 'tanh' }))(x),
      ]) as L.SymbolicTensor,
  multiply: () => (x) =>
    L.layers.multiply().apply([x, through(L.layers.activation({ activation: 'sigmoid' }))(x)]) as L.SymbolicTensor,
  average: () => (x) =>
    L.layers.average().apply([x, through(L.layers.activation({ activation: 'tanh' }))(x)]) as L.SymbolicTensor,
  maximum: () => (x) =>
    L.layers.maximum().apply([x, through(L.layers.activation({ activation: 'tanh' }))(x)]) as L.SymbolicTensor,
  concatenate: () => (x) =>
    L.layers.concatenate().apply([x, through(L.layers.conv2d({ filters: 3, kernelSize: 1 }))(x)]) as L.SymbolicTensor,
  ...Object.fromEntries(
    ACTIVATIONS.map((name) => [
      `activation ${name}`,
      () => through(L.layers.activation({ activation: name as 'relu' })),
    ]),
  ),
};

export const ZOO = Object.keys(BLOCKS);

export interface ZooMember {
  vars: tf.Variable[];
  /** Mean cross-entropy on a fixed batch, without and with the layers' training behaviour. */
  loss: (training: boolean) => tf.Scalar;
}

/** Builds a member with fixed weights and data. */
export function build(name: string): ZooMember {
  const input = L.input({ shape: IMAGE });
  let at = BLOCKS[name]!()(through(L.layers.conv2d({ filters: 2, kernelSize: 1 }))(input));
  if (at.shape.length > 2) at = through(L.layers.flatten())(at);
  const output = through(L.layers.dense({ units: 5, activation: 'tanh' }), L.layers.dense({ units: CLASSES }))(at);
  const model = L.model({ inputs: input, outputs: output });
  model.setWeights(
    model.weights.map((weight, i) => {
      const shape = weight.shape as number[];
      const fan = shape.length > 1 ? tf.util.sizeFromShape(shape.slice(0, -1)) : 1;
      const values = noise(tf.util.sizeFromShape(shape), 20 + i).map((v) => v / Math.sqrt(fan));
      // A variance and the scale beside it have to be positive.
      return tf.tensor(/variance|gamma/.test(weight.name) ? values.map((v) => 1 + Math.abs(v)) : values, shape);
    }),
  );
  const x = tf.tensor(noise(BATCH * tf.util.sizeFromShape(IMAGE), 19), [BATCH, ...IMAGE]);
  const y = tf.oneHot(tf.tensor1d([0, 2, 1, 2], 'int32'), CLASSES);
  return {
    vars: model.trainableWeights.map((weight) => weight.read() as tf.Variable),
    loss: (training) => tf.losses.softmaxCrossEntropy(y, model.apply(x, { training }) as tf.Tensor) as tf.Scalar,
  };
}

export interface ZooFigures {
  loss: number;
  gradients: number[][];
}

/** Loss and gradients of a member on the current backend. */
export function figures(name: string, training: boolean): ZooFigures {
  return tf.tidy(() => {
    const { vars, loss } = build(name);
    const { value, grads } = tf.variableGrads(() => loss(training), vars);
    const result = { loss: value.dataSync()[0]!, gradients: vars.map((v) => Array.from(grads[v.name]!.dataSync())) };
    for (const v of vars) v.dispose();
    return result;
  });
}
