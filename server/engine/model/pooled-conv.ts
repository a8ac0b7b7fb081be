import * as tf from '@tensorflow/tfjs-core';
import { activate } from './activations';
import type { Graph, GraphLayer } from './graph';
import type { Kernel } from './kernels';

/**
 * The convolution that a max pooling can be moved into in training, or null. Adding a bias to a channel and ReLU both keep the
 * order of values, so max(relu(x + b)) = relu(max(x) + b), to the last bit; done in that order, bias, ReLU and
 * their gradients work on a quarter of the values of a 2×2 pooling.
 */
export function convOfPool(graph: Graph, pool: GraphLayer): GraphLayer | null {
  if (pool.op.kind !== 'pool' || pool.op.how !== 'max') return null;
  const conv = graph.byName.get(pool.inputs[0]!)!;
  if (conv.op.kind !== 'conv2d' || (conv.op.activation !== 'relu' && conv.op.activation !== 'linear')) return null;
  // Who else reads the convolution needs its own output.
  return graph.consumers.get(conv.name)?.length === 1 && graph.output !== conv.name ? conv : null;
}

/** Convolution and pooling as one step on the convolution's input. */
export function pooledConv(conv: GraphLayer, pool: GraphLayer, variable: (weight: string) => tf.Variable): Kernel {
  const [c, p] = [conv.op, pool.op];
  if (c.kind !== 'conv2d' || p.kind !== 'pool')
    throw new TypeError(`${conv.name} and ${pool.name} are no convolution and pooling`);
  const pair = ([a, b]: readonly [number, number]): [number, number] => [a, b];
  return ([x]) => {
    const sums = tf.conv2d(
      x as tf.Tensor4D,
      variable('kernel') as tf.Variable<tf.Rank.R4>,
      pair(c.strides),
      c.padding,
      'NHWC',
      pair(c.dilation),
    );
    const largest = tf.maxPool(sums, pair(p.size), pair(p.strides), p.padding);
    return activate(c.useBias ? tf.add(largest, variable('bias')) : largest, c.activation);
  };
}
