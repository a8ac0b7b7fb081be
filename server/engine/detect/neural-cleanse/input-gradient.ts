import type { Normalisation } from '../../data/dataset';
import { normalise } from '../../data/normalise';
import { argMaxRows } from '../../metrics/evaluate';
import type { OpenModel } from '../../model/model';

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
  const channels = model.inputShape[2];
  normalise(pixels, channels, normalisation);
  const { gradient, logits } = model.network.inputGradient(
    { pixels, rows: wanted.length },
    { kind: 'cross-entropy', classes: wanted },
  );
  const predicted = argMaxRows(logits, model.classes);
  const { std } = normalisation;
  if (std.some((s) => s !== 1))
    for (let i = 0; i < gradient.length; i++) gradient[i]! /= std[std.length === 1 ? 0 : i % channels]!;
  return { gradient, predicted };
}
