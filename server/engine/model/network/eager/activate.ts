import * as tf from '@tensorflow/tfjs-core';
import type { ActivationFunction } from '../../activation-functions';
import type { OpOf } from '../../graph';

/** An activation function of Keras. */
export function activate(x: tf.Tensor, op: OpOf<'activation'>): tf.Tensor {
  if (op.function === 'leaky_relu') return tf.leakyRelu(x, op.slope);
  if (op.function === 'relu' && op.max !== undefined) return tf.clipByValue(x, 0, op.max);
  return FUNCTIONS[op.function](x);
}

/** TF.js differentiates ReLU by a step function of seven ops, each over all values; the sign of the output needs three. */
const relu = tf.customGrad((x, save) => {
  const y = tf.relu(x as tf.Tensor);
  (save as tf.GradSaveFunc)([y]);
  return {
    value: y,
    gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.cast(tf.greater(saved[0]!, 0), 'float32')),
  };
}) as (x: tf.Tensor) => tf.Tensor;

const FUNCTIONS: Record<Exclude<ActivationFunction, 'leaky_relu'>, (x: tf.Tensor) => tf.Tensor> = {
  relu,
  relu6: (x) => tf.relu6(x),
  elu: (x) => tf.elu(x),
  selu: (x) => tf.selu(x),
  sigmoid: (x) => tf.sigmoid(x),
  // The form of Keras 2 and TF.js; what a TF.js file means is what TF.js computes.
  hard_sigmoid: (x) => tf.clipByValue(tf.add(tf.mul(x, 0.2), 0.5), 0, 1),
  tanh: (x) => tf.tanh(x),
  softplus: (x) => tf.softplus(x),
  softsign: (x) => tf.div(x, tf.add(tf.abs(x), 1)),
  swish: (x) => tf.mul(x, tf.sigmoid(x)),
  hard_swish: (x) => tf.mul(x, tf.div(tf.relu6(tf.add(x, 3)), 6)),
  gelu: (x) => tf.mul(x, tf.mul(0.5, tf.add(1, tf.erf(tf.mul(x, Math.SQRT1_2))))),
  gelu_new: (x) =>
    tf.mul(
      tf.mul(x, 0.5),
      tf.add(1, tf.tanh(tf.mul(Math.sqrt(2 / Math.PI), tf.add(x, tf.mul(0.044715, tf.mul(x, tf.square(x))))))),
    ),
  mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  exponential: (x) => tf.exp(x),
};
