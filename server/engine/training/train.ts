import { FinePruneError, cancelled } from '../../protocol/errors';
import type { FineTuningResult } from '../../protocol/report/report';
import type { Normalisation } from '../data/dataset';
import { shuffled } from '../data/random';
import { batchOf, type InputSource } from '../pass/inputs';
import { roundFigure } from '../metrics/rate';
import type { Masks } from '../model/masks';
import type { OpenModel } from '../model/model';
import type { Training } from '../model/network/network';
import { DISTILLATION, type Teacher } from './distillation';

export interface TrainOptions {
  model: OpenModel;
  source: InputSource;
  normalisation: Normalisation;
  epochs: number;
  batchSize: number;
  learningRate: number;
  /** How the learning rate changes: along a half cosine to 0, or not at all. */
  decay?: 'cosine';
  /** Seeds shuffling and dropout. */
  seed: number;
  /** What a teacher answers to the source's images: part of the loss is to answer alike. Nothing by default. */
  teacher?: Teacher;
  /** Entries held at zero. */
  masks: Masks | null;
  /** Layers that are not trained. */
  frozen: readonly string[];
  signal: AbortSignal;
  onStep?: (step: number, total: number, soFar: { loss: number; accuracy: number }) => void;
}

/** Steps done, and by epoch the mean loss (nats per image) and accuracy of the batches as they were trained. */
export interface Trained {
  steps: number;
  history: FineTuningResult['history'];
}

/**
 * Trains with Adam on cross-entropy, or with a teacher on the distillation loss, images shuffled again each epoch, the last smaller batch included. Training mode: dropout
 * drops, batch normalisation uses and updates batch statistics.
 * @returns steps done and, by epoch, mean cross-entropy against the labels (nats an image) and accuracy of the batches as they were trained
 * @throws FinePruneError of kind `cancelled` within one batch; of kind `input` when the loss is no longer finite
 */
export async function train(options: TrainOptions): Promise<Trained> {
  const { model, source, epochs, batchSize, masks, frozen, signal } = options;
  const training = model.network.training({ masks, frozen, ...(options.teacher && { distillation: DISTILLATION }) });
  const history: FineTuningResult['history'] = [];
  const total = epochs * Math.ceil(source.count / batchSize);
  let steps = 0;
  try {
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = shuffled(source.count, options.seed, `epoch ${epoch}`);
      let loss = 0;
      let correct = 0;
      for (let start = 0; start < order.length; start += batchSize) {
        if (signal.aborted) throw cancelled();
        const positions = order.subarray(start, start + batchSize);
        const step = trainStep(options, training, positions, steps, total);
        if (!Number.isFinite(step.loss)) throw diverged(options, steps);
        loss += step.loss * positions.length;
        correct += step.correct;
        steps++;
        const done = start + positions.length;
        options.onStep?.(steps, total, { loss: loss / done, accuracy: correct / done });
        // A turn of the event loop, so that a cancel message is seen before the next batch.
        await new Promise((resolve) => setImmediate(resolve));
      }
      history.push({
        epoch: epoch + 1,
        loss: roundFigure(loss / order.length),
        accuracy: roundFigure(correct / order.length),
      });
    }
  } finally {
    training.dispose();
  }
  return { steps, history };
}

/** @param step number of steps before this one */
function trainStep(
  options: TrainOptions,
  training: Training,
  positions: Int32Array,
  step: number,
  total: number,
): { loss: number; correct: number } {
  const { source, learningRate, seed, teacher } = options;
  return training.step({
    ...batchOf(source, positions, options),
    labels: Int32Array.from(positions, (p) => source.labels[p]!),
    learningRate:
      options.decay === 'cosine' ? 0.5 * learningRate * (1 + Math.cos((Math.PI * step) / total)) : learningRate,
    seed: (seed * 1_000_003 + step) % 2 ** 31,
    ...(teacher && { answers: teacher(positions) }),
  });
}

function diverged(options: TrainOptions, step: number): FinePruneError {
  return new FinePruneError({
    kind: 'input',
    code: 'training.diverged',
    message: `Training diverged: the loss is not a finite number at step ${step + 1}.`,
    place: '/fineTune/learningRate',
    todo: `Lower the learning rate (it is ${options.learningRate}), and check that the data's normalisation fits the model.`,
  });
}
