import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../data/random';
import { activate } from './activations';
import type { ActivationName, GraphLayer } from './graph';

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
  const { op } = layer;
  const weight = (name: string) => (layer.weights.some((w) => w.name === name) ? variable(name) : undefined);
  switch (op.kind) {
    case 'input':
      return ([x]) => x!;
    case 'dense': {
      const [kernel, bias] = [variable('kernel') as tf.Variable<tf.Rank.R2>, weight('bias')];
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
    case 'conv2d': {
      const [kernel, bias] = [variable('kernel') as tf.Variable<tf.Rank.R4>, weight('bias')];
      const [strides, dilations] = [[...op.strides] as [number, number], [...op.dilation] as [number, number]];
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
    case 'depthwise': {
      const [kernel, bias] = [variable('depthwise_kernel') as tf.Variable<tf.Rank.R4>, weight('bias')];
      const [strides, dilations] = [[...op.strides] as [number, number], [...op.dilation] as [number, number]];
      return ([x]) =>
        finish(
          tf.depthwiseConv2d(x as tf.Tensor4D, kernel, strides, op.padding, 'NHWC', dilations),
          bias,
          op.activation,
        );
    }
    case 'pool': {
      const pool = op.how === 'max' ? tf.maxPool : tf.avgPool;
      const [size, strides] = [[...op.size] as [number, number], [...op.strides] as [number, number]];
      return ([x]) => pool(x as tf.Tensor4D, size, strides, op.padding);
    }
    case 'globalPool':
      return op.how === 'max' ? ([x]) => tf.max(x!, [1, 2]) : ([x]) => tf.mean(x!, [1, 2]);
    case 'batchNorm':
      return batchNorm(
        op,
        variable('moving_mean'),
        variable('moving_variance'),
        weight('beta'),
        weight('gamma'),
        frozen,
      );
    case 'dropout':
      if (op.rate === 0) return ([x]) => x!;
      return ([x], mode) =>
        mode.training
          ? tf.mul(
              x!,
              dropoutMask(op.spatial ? [x!.shape[0]!, 1, 1, x!.shape[3]!] : x!.shape, op.rate, mode.seed, index),
            )
          : x!;
    case 'gaussianNoise':
      return ([x], mode) => (mode.training ? tf.add(x!, gaussian(x!.shape, 0, op.deviation, mode.seed, index)) : x!);
    case 'gaussianDropout':
      return ([x], mode) =>
        mode.training ? tf.mul(x!, gaussian(x!.shape, 1, Math.sqrt(op.rate / (1 - op.rate)), mode.seed, index)) : x!;
    case 'activation':
      return ([x]) => activate(x!, op.activation);
    case 'relu': {
      const { max } = op;
      return max === null ? ([x]) => tf.relu(x!) : ([x]) => tf.clipByValue(x!, 0, max);
    }
    case 'leakyRelu':
      return ([x]) => tf.leakyRelu(x!, op.slope);
    case 'elu':
      return ([x]) => tf.elu(x!);
    case 'prelu': {
      const alpha = variable('alpha');
      return ([x]) => tf.prelu(x!, alpha);
    }
    case 'rescaling':
      return ([x]) => tf.add(tf.mul(x!, op.scale), op.offset);
    case 'flatten':
    case 'reshape':
      return ([x]) => tf.reshape(x!, [-1, ...layer.outputShape]);
    case 'zeroPadding': {
      const paddings: [number, number][] = [[0, 0], [...op.vertical], [...op.horizontal], [0, 0]];
      return ([x]) => tf.pad(x!, paddings);
    }
    case 'add':
      return (inputs) => tf.addN([...inputs]);
    case 'concatenate':
      return (inputs) => tf.concat([...inputs], -1);
  }
}

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
function batchNorm(
  op: { momentum: number; epsilon: number },
  movingMean: tf.Variable,
  movingVariance: tf.Variable,
  beta: tf.Tensor | undefined,
  gamma: tf.Tensor | undefined,
  frozen: boolean,
): Kernel {
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
