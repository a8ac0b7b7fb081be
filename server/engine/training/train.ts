import * as tf from '@tensorflow/tfjs-core';
import { FinePruneError, cancelled } from '../../protocol/errors';
import type { FineTuningResult } from '../../protocol/report/report';
import type { Normalisation } from '../data/dataset';
import { shuffled } from '../data/random';
import { inputTensor, type InputSource } from '../pass/inputs';
import { roundFigure } from '../metrics/rate';
import { forward } from '../model/forward';
import type { Masks, OpenModel } from '../model/model';
import { Adam } from './adam';
import { distillationLoss, type Teacher } from './distillation';
import { softmaxCrossEntropy } from './loss';

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
 * Trains with Adam on cross-entropy, or with a teacher on the distillation loss, images shuffled anew each epoch, the last smaller batch included. Training mode: dropout
 * drops, batch normalisation uses and updates batch statistics.
 * @returns steps done and, by epoch, mean cross-entropy against the labels (nats an image) and accuracy of the batches as they were trained
 * @throws FinePruneError of kind `cancelled` within one batch; of kind `input` when the loss is no longer finite
 */
export async function train(options: TrainOptions): Promise<Trained> {
  const { model, source, epochs, batchSize, masks, signal } = options;
  const variables = trainableVariables(model, options.frozen);
  const adam = new Adam(
    variables,
    options.learningRate,
    new Map(masks?.entries.map(({ variable, mask }) => [variable, mask])),
  );
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
        if (options.decay === 'cosine')
          adam.learningRate = 0.5 * options.learningRate * (1 + Math.cos((Math.PI * steps) / total));
        const step = trainStep(options, positions, variables, adam, steps);
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
    adam.dispose();
  }
  return { steps, history };
}

function trainStep(
  options: TrainOptions,
  positions: Int32Array,
  variables: tf.Variable[],
  adam: Adam,
  step: number,
): { loss: number; correct: number } {
  const { model, source } = options;
  return tf.tidy(() => {
    const x = inputTensor(source, positions, options);
    const targets = oneHot(
      Int32Array.from(positions, (p) => source.labels[p]!),
      model.classes,
    );
    const answers = options.teacher && tf.tensor2d(options.teacher(positions), [positions.length, model.classes]);
    let predicted: tf.Tensor | undefined;
    let hard: tf.Scalar | undefined;
    const { grads } = tf.variableGrads(() => {
      const logits = forward(model, x, { training: true, dropoutSeed: (options.seed * 1_000_003 + step) % 2 ** 31 });
      predicted = tf.keep(tf.argMax(logits, 1));
      hard = tf.keep(softmaxCrossEntropy(targets, logits));
      return answers ? distillationLoss(hard, answers, logits) : hard;
    }, variables);
    adam.apply(variables.map((v) => grads[v.name]!));
    const guesses = predicted!.dataSync();
    const [loss] = hard!.dataSync();
    tf.dispose([predicted!, hard!]);
    return { loss: loss!, correct: positions.reduce((n, p, i) => n + (guesses[i] === source.labels[p] ? 1 : 0), 0) };
  });
}

/** [N, classes]. Not tf.oneHot: on WASM it fills a float32 tensor with the bit patterns of integers. */
function oneHot(labels: Int32Array, classes: number): tf.Tensor2D {
  const values = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => (values[i * classes + label] = 1));
  return tf.tensor2d(values, [labels.length, classes]);
}

/** Variables that training changes, in the network's order. */
export function trainableVariables(model: OpenModel, frozen: readonly string[]): tf.Variable[] {
  return (
    model.graph.layers
      .filter((layer) => layer.weights.length > 0 && !frozen.includes(layer.name))
      // LayerVariable keeps its tf.Variable to itself; there is no public way to it.
      .flatMap((layer) =>
        model.net.getLayer(layer.name).trainableWeights.map((w) => (w as unknown as { val: tf.Variable }).val),
      )
  );
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
