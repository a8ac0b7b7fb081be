import * as tf from '@tensorflow/tfjs-core';
import type { Training, TrainingBatch, TrainingOptions } from '../network';
import { Adam } from './adam';
import { distillationLoss, oneHot, softmaxCrossEntropy } from './loss';

/** Training steps that TF.js takes op by op. */
export class EagerTraining implements Training {
  private readonly trained: tf.Variable[];
  private readonly adam: Adam;

  /**
   * @param trained variables that are trained, by parameter
   * @param logitsOf the network in training mode
   */
  constructor(
    private readonly options: TrainingOptions,
    trained: ReadonlyMap<string, tf.Variable>,
    private readonly logitsOf: (batch: TrainingBatch) => tf.Tensor2D,
    private readonly classes: number,
  ) {
    this.trained = [...trained.values()];
    const masks = new Map<tf.Variable, tf.Tensor>();
    for (const [id, mask] of options.masks ?? []) {
      const variable = trained.get(id);
      if (variable) masks.set(variable, tf.tensor(mask, variable.shape));
    }
    this.adam = new Adam(this.trained, masks);
    tf.dispose([...masks.values()]);
  }

  step(batch: TrainingBatch): { loss: number; correct: number } {
    const { rows, labels, answers } = batch;
    const { distillation } = this.options;
    let predicted: tf.Tensor | undefined;
    let hard: tf.Scalar | undefined;
    return tf.tidy(() => {
      const targets = oneHot(labels, this.classes);
      const taught = answers && distillation && tf.tensor2d(answers, [rows, this.classes]);
      const { grads } = tf.variableGrads(() => {
        const logits = this.logitsOf(batch);
        predicted = tf.keep(tf.argMax(logits, 1));
        hard = tf.keep(softmaxCrossEntropy(targets, logits));
        return taught ? distillationLoss(hard, taught, logits, distillation) : hard;
      }, this.trained);
      this.adam.apply(
        this.trained.map((variable) => grads[variable.name]!),
        batch.learningRate,
      );
      const guesses = predicted!.dataSync();
      const [loss] = hard!.dataSync();
      tf.dispose([predicted!, hard!]);
      return { loss: loss!, correct: labels.reduce((n, label, i) => n + (guesses[i] === label ? 1 : 0), 0) };
    });
  }

  dispose(): void {
    this.adam.dispose();
  }
}
