import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../../../data/random';
import { forOp, type Node, type OpOf, type OpTable, type Pair, type Role } from '../../graph';
import { activate } from './activate';

/** How a pass is run. */
export interface Mode {
  readonly training: boolean;
  /** Inference of which a gradient is wanted: no fused kernels, and every node's output stays. */
  readonly differentiable?: boolean;
  /** Seed of dropout and noise in training. */
  readonly seed: number;
}

/** A node, ready to run. Inputs and output have the batch as their first dimension. */
export type Kernel = (inputs: readonly tf.Tensor[], mode: Mode) => tf.Tensor;

/** Gives the variable of a parameter, by its id. */
export type Variables = (parameter: string) => tf.Variable;

/** Where a kernel finds what it needs beside the op. */
interface Place {
  readonly node: Node;
  /** A parameter of the node. */
  variable(role: Role): tf.Variable;
  /** The same; undefined where the node has none in that role. */
  optional(role: Role): tf.Variable | undefined;
  readonly frozen: boolean;
}

/**
 * A node as a function on tensors. Reads its variables at every call, so that training and masks are seen.
 * @param frozen a frozen node runs as at inference: the statistics of batch normalisation stay as they are
 */
export function kernelOf(node: Node, variables: Variables, frozen: boolean): Kernel {
  const optional = (role: Role) => {
    const id = node.parameters[role];
    return id === undefined ? undefined : variables(id);
  };
  const variable = (role: Role) => {
    const found = optional(role);
    if (!found) throw new Error(`node ${node.label} has no ${role}`);
    return found;
  };
  return forOp(KERNELS, node.op, { node, variable, optional, frozen });
}

/** A dense node or convolution with the ReLU behind it, at inference: one pass over the output less. */
export function kernelWithRelu(node: Node, variables: Variables): Kernel {
  const bias = node.parameters.bias === undefined ? undefined : variables(node.parameters.bias);
  const kernel = variables(node.parameters.kernel!);
  if (node.op.kind === 'dense') return fusedDense(node, kernel, bias, 'relu');
  if (node.op.kind === 'conv2d') return fusedConv2d(node.op, kernel, bias, 'relu');
  throw new TypeError(`node ${node.label} is neither dense nor a convolution`);
}

const KERNELS: OpTable<[Place], Kernel> = {
  input: () => ofOne((x) => x),
  identity: () => ofOne((x) => x),
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
  dropout: (op) => {
    if (op.rate === 0) return ofOne((x) => x);
    return inTraining((x, seed) => {
      const shape = op.spatial ? [x.shape[0]!, 1, 1, x.shape[3]!] : x.shape;
      return tf.mul(x, dropoutMask(shape, op.rate, seed, op.stream));
    });
  },
  noise: (op) =>
    inTraining((x, seed) =>
      op.how === 'add'
        ? tf.add(x, gaussian(x.shape, 0, op.deviation, seed, op.stream))
        : tf.mul(x, gaussian(x.shape, 1, op.deviation, seed, op.stream)),
    ),
  activation: (op) => ofOne((x) => activate(x, op)),
  softmax: () => ofOne((x) => tf.softmax(x)),
  prelu: (_op, { variable }) => {
    const slope = variable('slope');
    return ofOne((x) => tf.prelu(x, slope));
  },
  affine: (op) => ofOne((x) => tf.add(tf.mul(x, op.scale), op.offset)),
  reshape: (_op, { node }) => ofOne((x) => tf.reshape(x, [-1, ...node.shape])),
  pad: (op) => {
    const paddings: [number, number][] = [[0, 0], [...op.vertical], [...op.horizontal], [0, 0]];
    return ofOne((x) => tf.pad(x, paddings));
  },
  add: () => (inputs) => tf.addN([...inputs]),
  concat: () => (inputs) => tf.concat([...inputs], -1),
};

/** A kernel of one input, the same in training and at inference. */
function ofOne(compute: (x: tf.Tensor) => tf.Tensor): Kernel {
  return ([x]) => compute(x!);
}

/** A kernel that changes its input in training alone. */
function inTraining(compute: (x: tf.Tensor, seed: number) => tf.Tensor): Kernel {
  return ([x], mode) => (mode.training ? compute(x!, mode.seed) : x!);
}

function dense(_op: OpOf<'dense'>, { node, variable, optional }: Place): Kernel {
  const [kernel, bias] = [variable('kernel'), optional('bias')];
  const fused = fusedDense(node, kernel, bias, 'linear');
  return ([x], mode) =>
    needsGradient(mode) ? ofRows(node, kernel, x!, (rows) => biased(tf.matMul(rows, kernel), bias)) : fused([x!], mode);
}

function conv2d(op: OpOf<'conv2d'>, { variable, optional }: Place): Kernel {
  const [kernel, bias] = [variable('kernel') as tf.Variable<tf.Rank.R4>, optional('bias')];
  const [strides, dilations] = [pair(op.strides), pair(op.dilation)];
  const fused = fusedConv2d(op, kernel, bias, 'linear');
  return ([x], mode) =>
    needsGradient(mode)
      ? biased(tf.conv2d(x as tf.Tensor4D, kernel, strides, op.padding, 'NHWC', dilations), bias)
      : fused([x!], mode);
}

/** Bias and ReLU inside the kernel, where no gradient is wanted. */
function fusedDense(node: Node, kernel: tf.Variable, bias: tf.Variable | undefined, activation: Fused): Kernel {
  return ([x]) =>
    ofRows(node, kernel, x!, (a) => tf.fused.matMul({ a, b: kernel as tf.Variable<tf.Rank.R2>, bias, activation }));
}

function fusedConv2d(
  op: OpOf<'conv2d'>,
  kernel: tf.Variable,
  bias: tf.Variable | undefined,
  activation: Fused,
): Kernel {
  const [strides, dilations] = [pair(op.strides), pair(op.dilation)];
  const filter = kernel as tf.Variable<tf.Rank.R4>;
  return ([x]) =>
    tf.fused.conv2d({ x: x as tf.Tensor4D, filter, strides, pad: op.padding, dilations, bias, activation });
}

type Fused = 'linear' | 'relu';

function needsGradient(mode: Mode): boolean {
  return mode.training || mode.differentiable === true;
}

/** A dense node works on the last axis: with more axes than one, on a row for each of their positions. */
function ofRows(
  { shape }: Node,
  kernel: tf.Variable,
  x: tf.Tensor,
  compute: (rows: tf.Tensor2D) => tf.Tensor,
): tf.Tensor {
  if (shape.length === 1) return compute(x as tf.Tensor2D);
  return tf.reshape(compute(tf.reshape(x, [-1, kernel.shape[0]!])), [-1, ...shape]);
}

function depthwise(op: OpOf<'depthwise'>, { variable, optional }: Place): Kernel {
  const [kernel, bias] = [variable('kernel') as tf.Variable<tf.Rank.R4>, optional('bias')];
  const [strides, dilations] = [pair(op.strides), pair(op.dilation)];
  return ofOne((x) =>
    biased(tf.depthwiseConv2d(x as tf.Tensor4D, kernel, strides, op.padding, 'NHWC', dilations), bias),
  );
}

/** TF.js takes no readonly arrays. */
const pair = ([height, width]: Pair): [number, number] => [height, width];

function biased(y: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor {
  return bias ? tf.add(y, bias) : y;
}

/**
 * Batch normalisation as in Keras: with moving statistics at inference; in training with the batch's own mean and (biased)
 * variance, which move the statistics.
 */
function batchNorm(op: OpOf<'batchNorm'>, { variable, optional, frozen }: Place): Kernel {
  const [movingMean, movingVariance] = [variable('mean'), variable('variance')];
  const [beta, gamma] = [optional('offset'), optional('scale')];
  const normalised = (x: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor, scale?: tf.Tensor, offset?: tf.Tensor) =>
    tf.batchNorm(
      x,
      mean as tf.Tensor1D,
      variance as tf.Tensor1D,
      offset as tf.Tensor1D,
      scale as tf.Tensor1D,
      op.epsilon,
    );
  const move = (moving: tf.Variable, batch: tf.Tensor) =>
    moving.assign(tf.add(tf.mul(moving, op.momentum), tf.mul(batch, 1 - op.momentum)));
  return ([x], mode) => {
    if (!mode.training || frozen) {
      // TF.js can't differentiate by a scale or an offset that is not there.
      return needsGradient(mode)
        ? normalised(x!, movingMean, movingVariance, gamma ?? tf.onesLike(movingMean), beta ?? tf.zerosLike(movingMean))
        : normalised(x!, movingMean, movingVariance, gamma, beta);
    }
    const { mean, variance } = tf.moments(x!, x!.shape.map((_, axis) => axis).slice(0, -1));
    move(movingMean, mean);
    move(movingVariance, variance);
    return normalised(x!, mean, variance, gamma ?? tf.onesLike(mean), beta ?? tf.zerosLike(mean));
  };
}

/** 0 with probability `rate`, else 1 / (1 − rate). */
function dropoutMask(shape: number[], rate: number, seed: number, stream: number): tf.Tensor {
  const random = randomStream(seed, `dropout ${stream}`);
  const mask = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const kept = 1 / (1 - rate);
  for (let i = 0; i < mask.length; i++) mask[i] = random.unit() < rate ? 0 : kept;
  return tf.tensor(mask, shape);
}

/** Normal numbers by the polar-free Box–Muller transform (Box, Muller 1958). */
function gaussian(shape: number[], mean: number, deviation: number, seed: number, stream: number): tf.Tensor {
  const random = randomStream(seed, `noise ${stream}`);
  const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let i = 0; i < values.length; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random.unit()));
    const angle = 2 * Math.PI * random.unit();
    values[i] = mean + radius * Math.cos(angle);
    if (i + 1 < values.length) values[i + 1] = mean + radius * Math.sin(angle);
  }
  return tf.tensor(values, shape);
}
