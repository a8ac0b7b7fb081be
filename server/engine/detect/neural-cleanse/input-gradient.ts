import * as tf from '@tensorflow/tfjs-core';
import type { Normalisation } from '../../data/dataset';
import { normalise } from '../../data/normalise';
import { argMaxRows } from '../../metrics/evaluate';
import { forward } from '../../model/forward';
import type { OpenModel } from '../../model/model';
import { softmaxCrossEntropy } from '../../training/loss';

/**
 * Gradient of the summed cross-entropy (nats) towards wanted classes, by the pixels in [0, 1].
 * @param pixels n images, NHWC; overwritten with what the model takes
 * @param wanted class that each image is to be taken for; length n
 * @returns gradient by pixel, as long as `pixels`, and the predicted classes
 */
export function pixelGradient(
  model: OpenModel,
  normalisation: Normalisation,
  pixels: Float32Array,
  wanted: Int32Array,
): { gradient: Float32Array; predicted: Int32Array } {
  const [height, width, channels] = model.inputShape;
  const rows = wanted.length;
  normalise(pixels, channels, normalisation);
  let gradient!: Float32Array;
  let predicted!: Int32Array;
  // No tidy returns an array of numbers: TF.js would look at each of them for a tensor, which took longer than all its kernels.
  tf.tidy(() => {
    const targets = new Float32Array(rows * model.classes);
    wanted.forEach((label, i) => (targets[i * model.classes + label] = 1));
    const oneHot = tf.tensor2d(targets, [rows, model.classes]);
    let logits: tf.Tensor2D | undefined;
    const gradientOf = tf.grad((x) => {
      logits = tf.keep(forward(model, x as tf.Tensor4D, { differentiable: true }));
      return tf.mul(softmaxCrossEntropy(oneHot, logits), rows);
    });
    gradient = gradientOf(tf.tensor4d(pixels, [rows, height, width, channels]))
      .dataSync()
      .slice() as Float32Array;
    predicted = argMaxRows(logits!.dataSync() as Float32Array, model.classes);
    logits!.dispose();
  });
  const { std } = normalisation;
  if (std.some((s) => s !== 1))
    for (let i = 0; i < gradient.length; i++) gradient[i]! /= std[std.length === 1 ? 0 : i % channels]!;
  return { gradient, predicted };
}
