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

/**
 * Cross-entropy with labels, and for a part with a teacher's answers (Hinton, Vinyals, Dean, "Distilling the Knowledge in a
 * Neural Network", 2015, section 2): what the teacher knew of the other classes is kept where images are few.
 * @param hard cross-entropy with the labels
 * @param answers of the teacher at the temperature, [N, classes]
 */
export function distillationLoss(
  hard: tf.Scalar,
  answers: tf.Tensor2D,
  logits: tf.Tensor2D,
  { temperature, weight }: { temperature: number; weight: number },
): tf.Scalar {
  const soft = softmaxCrossEntropy(answers, tf.div(logits, temperature) as tf.Tensor2D);
  // A gradient through the temperature is smaller by its square.
  return tf.add(tf.mul(1 - weight, hard), tf.mul(weight * temperature ** 2, soft)) as tf.Scalar;
}

/** [N, classes]. Not tf.oneHot: on WASM it fills a float32 tensor with the bit patterns of integers. */
export function oneHot(labels: Int32Array, classes: number): tf.Tensor2D {
  const values = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => (values[i * classes + label] = 1));
  return tf.tensor2d(values, [labels.length, classes]);
}
