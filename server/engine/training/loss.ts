import * as tf from '@tensorflow/tfjs-core';

/**
 * Mean cross-entropy in nats of softmax(logits) against one-hot targets, both [N, classes]; scalar. Its gradient is written
 * out, (softmax − targets) / N: two ops instead of the nine that the tape would record.
 */
export function softmaxCrossEntropy(targets: tf.Tensor2D, logits: tf.Tensor2D): tf.Scalar {
  const loss = tf.customGrad((x, save) => {
    const logProbabilities = tf.logSoftmax(x as tf.Tensor2D);
    (save as tf.GradSaveFunc)([logProbabilities]);
    return {
      value: tf.neg(tf.mean(tf.sum(tf.mul(targets, logProbabilities), 1))) as tf.Scalar,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) =>
        tf.mul(dy, tf.div(tf.sub(tf.exp(saved[0]!), targets), targets.shape[0])),
    };
  });
  return loss(logits) as tf.Scalar;
}
