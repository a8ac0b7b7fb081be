import * as tf from '@tensorflow/tfjs-core';
import { eachBatch, type InputSource, type PassOptions } from '../pass/inputs';
import { forward } from '../model/forward';
import { softmaxCrossEntropy } from './loss';

const TEMPERATURE = 4;
/** Of the loss: what follows the teacher, the rest follows the labels. With 0.5 a backdoored teacher kept more of its backdoor, at no better accuracy. */
const WEIGHT = 0.1;

/** What a teacher says of a source's images: softmax(logits / temperature), [positions, classes] row-major. */
export type Teacher = (positions: ArrayLike<number>) => Float32Array;

/**
 * The model as it is now, as a teacher of what it becomes: its answers to a source's images are kept.
 * @throws FinePruneError of kind `cancelled`
 */
export async function teacherOf(source: InputSource, { model, normalisation, signal }: PassOptions): Promise<Teacher> {
  const { classes } = model;
  const answers = new Float32Array(source.count * classes);
  await eachBatch(source, { model, normalisation, signal }, (x, start) => {
    answers.set(tf.softmax(tf.div(forward(model, x), TEMPERATURE)).dataSync() as Float32Array, start * classes);
  });
  return (positions) => {
    const rows = new Float32Array(positions.length * classes);
    Array.from(positions, (position, i) =>
      rows.set(answers.subarray(position * classes, (position + 1) * classes), i * classes),
    );
    return rows;
  };
}

/**
 * Cross-entropy against labels, and for a part against a teacher's answers (Hinton, Vinyals, Dean, "Distilling the Knowledge in a
 * Neural Network", 2015, section 2): what the teacher knew of the other classes is kept where images are few.
 * @param hard cross-entropy against the labels
 * @param answers of the teacher, [N, classes]
 */
export function distillationLoss(hard: tf.Scalar, answers: tf.Tensor2D, logits: tf.Tensor2D): tf.Scalar {
  const soft = softmaxCrossEntropy(answers, tf.div(logits, TEMPERATURE) as tf.Tensor2D);
  // A gradient through the temperature is smaller by its square.
  return tf.add(tf.mul(1 - WEIGHT, hard), tf.mul(WEIGHT * TEMPERATURE ** 2, soft)) as tf.Scalar;
}
