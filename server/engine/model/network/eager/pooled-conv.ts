import * as tf from '@tensorflow/tfjs-core';
import { nodeOf, soleConsumer, type Graph, type Node } from '../../graph';
import { activate } from './activate';
import type { Kernel, Variables } from './kernels';

/** A convolution, ReLU or none, and a max pooling. */
export interface PooledConv {
  readonly conv: Node;
  readonly relu: Node | null;
  readonly pool: Node;
}

/**
 * The convolution that a max pooling can be moved into in training, or null. Adding a bias to a channel and ReLU both keep the
 * order of values, so max(relu(x + b)) = relu(max(x) + b), to the last bit; done in that order, bias, ReLU and
 * their gradients work on a quarter of the values of a 2×2 pooling.
 */
export function pooledConvOf(graph: Graph, pool: Node): PooledConv | null {
  if (pool.op.kind !== 'pool' || pool.op.how !== 'max') return null;
  const before = nodeOf(graph, pool.inputs[0]!);
  const relu = isRelu(before) ? before : null;
  const conv = relu ? nodeOf(graph, relu.inputs[0]!) : before;
  if (conv.op.kind !== 'conv2d') return null;
  // Who else reads the convolution or its ReLU needs that output itself.
  const alone = [conv, ...(relu ? [relu] : [])].every(
    (node) => soleConsumer(graph, node) !== null && node.id !== graph.output,
  );
  return alone ? { conv, relu, pool } : null;
}

/** Whether a node is a ReLU without an upper bound. */
export function isRelu({ op }: Node): boolean {
  return op.kind === 'activation' && op.function === 'relu' && op.max === undefined;
}

/** The three as one step on the convolution's input. */
export function pooledConv({ conv, relu, pool }: PooledConv, variables: Variables): Kernel {
  const [c, p] = [conv.op, pool.op];
  if (c.kind !== 'conv2d' || p.kind !== 'pool')
    throw new TypeError(`${conv.label} and ${pool.label} are no convolution and pooling`);
  const pair = ([a, b]: readonly [number, number]): [number, number] => [a, b];
  const kernel = variables(conv.parameters.kernel!) as tf.Variable<tf.Rank.R4>;
  const bias = conv.parameters.bias === undefined ? null : variables(conv.parameters.bias);
  return ([x]) => {
    const sums = tf.conv2d(x as tf.Tensor4D, kernel, pair(c.strides), c.padding, 'NHWC', pair(c.dilation));
    const largest = tf.maxPool(sums, pair(p.size), pair(p.strides), p.padding);
    const biased = bias ? tf.add(largest, bias) : largest;
    return relu?.op.kind === 'activation' ? activate(biased, relu.op) : biased;
  };
}
