import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../data/random';
import { activate } from './activations';
import { forOp, type ActivationName, type GraphLayer, type Op, type OpTable, type Pair } from './graph';

/** How a pass is run. */
export interface Mode {
  readonly training: boolean;
  /** Inference of which a gradient is wanted: no fused kernels, and every layer's output stays. */
  readonly differentiable?: boolean;
  /** Seed of dropout and noise in training. */
  readonly seed: number;
}

/** One layer, ready to run. Inputs and output have the batch as their first dimension. */
export type Kernel = (inputs: readonly tf.Tensor[], mode: Mode) => tf.Tensor;

/** Where a kernel finds what it needs beside the op. */
interface Place {
  readonly layer: GraphLayer;
  /** Place of the layer in the network. */
  readonly index: number;
  /** A weight of the layer, by its name in Keras. */
  variable(weight: string): tf.Variable;
  /** The same; undefined where the layer has none of that name. */
  optional(weight: string): tf.Variable | undefined;
  readonly frozen: boolean;
}

/**
 * A layer as a function on tensors. Reads its variables at every call, so that training and masks are seen.
 *
 * @param index place of the layer in the network, which gives each dropout layer random numbers of its own
 * @param frozen a frozen layer runs as at inference: its BatchNorm statistics stay as they are
 */
export function kernelOf(
  layer: GraphLayer,
  index: number,
  variable: (weight: string) => tf.Variable,
  frozen: boolean,
): Kernel {
  const optional = (name: string) => (layer.weights.some((w) => w.name === name) ? variable(name) : undefined);
  return forOp(KERNELS, layer.op, { layer, index, variable, optional, frozen });
}

const KERNELS: OpTable<[Place], Kernel> = {
  input: () => ofOne((x) => x),
  dense,
  conv2d,
  depthwise,
  pool: (op) => {
    const pool = op.how === 'max' ? tf.maxPool : tf.avgPool;
    const [size, strides] = [pair(op.size), pair(op.strides)];
    return ofOne((x) => pool(x as tf.Tensor4D, size, strides, op.padding));
  },
  globalPool: (op) => ofOne((x) => (op.how === 'max' ? tf.max(x, [1, 2]) : tf.mean(x, [1, 2]))),
  batchNorm,
  dropout: (op, { index }) => {
    if (op.rate === 0) return ofOne((x) => x);
    return inTraining((x, seed) => {
      const shape = op.spatial ? [x.shape[0]!, 1, 1, x.shape[3]!] : x.shape;
      return tf.mul(x, dropoutMask(shape, op.rate, seed, index));
    });
  },
  gaussianNoise: (op, { index }) => inTraining((x, seed) => tf.add(x, gaussian(x.shape, 0, op.deviation, seed, index))),
  gaussianDropout: (op, { index }) =>
    inTraining((x, seed) => tf.mul(x, gaussian(x.shape, 1, Math.sqrt(op.rate / (1 - op.rate)), seed, index))),
  activation: (op) => ofOne((x) => activate(x, op.activation)),
  relu: ({ max }) => ofOne((x) => (max === null ? tf.relu(x) : tf.clipByValue(x, 0, max))),
  leakyRelu: (op) => ofOne((x) => tf.leakyRelu(x, op.slope)),
  elu: () => ofOne((x) => tf.elu(x)),
  prelu: (_op, { variable }) => {
    const alpha = variable('alpha');
    return ofOne((x) => tf.prelu(x, alpha));
  },
  rescaling: (op) => ofOne((x) => tf.add(tf.mul(x, op.scale), op.offset)),
  flatten: (_op, { layer }) => reshape(layer),
  reshape: (_op, { layer }) => reshape(layer),
  zeroPadding: (op) => {
    const paddings: [number, number][] = [[0, 0], [...op.vertical], [...op.horizontal], [0, 0]];
    return ofOne((x) => tf.pad(x, paddings));
  },
  add: () => (inputs) => tf.addN([...inputs]),
  concatenate: () => (inputs) => tf.concat([...inputs], -1),
};

/** A kernel of one input, the same in training and at inference. */
function ofOne(compute: (x: tf.Tensor) => tf.Tensor): Kernel {
  return ([x]) => compute(x!);
}

/** A kernel that changes its input in training alone. */
function inTraining(compute: (x: tf.Tensor, seed: number) => tf.Tensor): Kernel {
  return ([x], mode) => (mode.training ? compute(x!, mode.seed) : x!);
}

type OpOf<Kind extends Op['kind']> = Extract<Op, { kind: Kind }>;

function dense(op: OpOf<'dense'>, { layer, variable, optional }: Place): Kernel {
  const [kernel, bias] = [variable('kernel') as tf.Variable<tf.Rank.R2>, optional('bias')];
  const shape = layer.outputShape.slice(0, -1);
  return ([x], mode) => {
    const rows = shape.length === 0 ? (x as tf.Tensor2D) : tf.reshape(x!, [-1, kernel.shape[0]]);
    const y =
      mode.training || mode.differentiable || !isFusable(op.activation)
        ? finish(tf.matMul(rows, kernel), bias, op.activation)
        : tf.fused.matMul({ a: rows, b: kernel, bias, activation: op.activation });
    return shape.length === 0 ? y : tf.reshape(y, [-1, ...shape, op.units]);
  };
}

function conv2d(op: OpOf<'conv2d'>, { variable, optional }: Place): Kernel {
  const [kernel, bias] = [variable('kernel') as tf.Variable<tf.Rank.R4>, optional('bias')];
  const [strides, dilations] = [pair(op.strides), pair(op.dilation)];
  return ([x], mode) =>
    mode.training || mode.differentiable || !isFusable(op.activation)
      ? finish(tf.conv2d(x as tf.Tensor4D, kernel, strides, op.padding, 'NHWC', dilations), bias, op.activation)
      : tf.fused.conv2d({
          x: x as tf.Tensor4D,
          filter: kernel,
          strides,
          pad: op.padding,
          dilations,
          bias,
          activation: op.activation,
        });
}

function depthwise(op: OpOf<'depthwise'>, { variable, optional }: Place): Kernel {
  const [kernel, bias] = [variable('depthwise_kernel') as tf.Variable<tf.Rank.R4>, optional('bias')];
  const [strides, dilations] = [pair(op.strides), pair(op.dilation)];
  return ([x]) =>
    finish(tf.depthwiseConv2d(x as tf.Tensor4D, kernel, strides, op.padding, 'NHWC', dilations), bias, op.activation);
}

function reshape(layer: GraphLayer): Kernel {
  return ofOne((x) => tf.reshape(x, [-1, ...layer.outputShape]));
}

/** TF.js takes no readonly arrays. */
const pair = ([height, width]: Pair): [number, number] => [height, width];

/** Bias and activation inside the kernel: one pass over the output less, at inference only, where no gradient is wanted. */
function isFusable(name: ActivationName): name is 'linear' | 'relu' {
  return name === 'linear' || name === 'relu';
}

function finish(y: tf.Tensor, bias: tf.Tensor | undefined, activation: ActivationName): tf.Tensor {
  return activate(bias ? tf.add(y, bias) : y, activation);
}

/**
 * Batch normalisation as in Keras: with moving statistics at inference; in training with the batch's own mean and (biased)
 * variance, which move the statistics.
 */
function batchNorm(op: OpOf<'batchNorm'>, { variable, optional, frozen }: Place): Kernel {
  const [movingMean, movingVariance] = [variable('moving_mean'), variable('moving_variance')];
  const [beta, gamma] = [optional('beta'), optional('gamma')];
  const normalised = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, scale: tf.Tensor | undefined) =>
    tf.batchNorm(
      x,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      beta as tf.Tensor1D,
      scale as tf.Tensor1D,
      op.epsilon,
    );
  const move = (moving: tf.Variable, batch: tf.Tensor) =>
    moving.assign(tf.add(tf.mul(moving, op.momentum), tf.mul(batch, 1 - op.momentum)));
  return ([x], mode) => {
    if (!mode.training || frozen) return normalised(x!, movingMean, movingVariance, gamma);
    const { mean, variance } = tf.moments(x!, x!.shape.map((_, axis) => axis).slice(0, -1));
    move(movingMean, mean);
    move(movingVariance, variance);
    // TF.js can't differentiate by a scale that is not there.
    return normalised(x!, mean, variance, gamma ?? tf.onesLike(mean));
  };
}

/** 0 with probability `rate`, else 1 / (1 − rate). */
function dropoutMask(shape: number[], rate: number, seed: number, index: number): tf.Tensor {
  const random = randomStream(seed, `dropout ${index}`);
  const mask = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const kept = 1 / (1 - rate);
  for (let i = 0; i < mask.length; i++) mask[i] = random.unit() < rate ? 0 : kept;
  return tf.tensor(mask, shape);
}

/** Normal numbers by the polar-free Box–Muller transform (Box, Muller 1958). */
function gaussian(shape: number[], mean: number, deviation: number, seed: number, index: number): tf.Tensor {
  const random = randomStream(seed, `noise ${index}`);
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random.unit()));
    const angle = 2 * Math.PI * random.unit();
    values[i] = mean + radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = mean + radius * Math.sin(angle);
  }
  return tf.tensor(values, shape);
}
