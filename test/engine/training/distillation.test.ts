import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { loadWasmBackend } from '../../../server/engine/backend/wasm';
import { distillationLoss, softmaxCrossEntropy } from '../../../server/engine/model/network/eager/loss';
import { DISTILLATION } from '../../../server/engine/training/distillation';

const T = 4;
const softmax = (row: number[], temperature = 1): number[] => {
  const powers = row.map((value) => Math.exp(value / temperature));
  return powers.map((power) => power / powers.reduce((a, b) => a + b));
};

describe('the distillation loss', () => {
  const logits = [
    [2, -1, 0.5],
    [-3, 1, 4],
  ];
  const labels = [
    [1, 0, 0],
    [0, 1, 0],
  ];
  const gradientFor = (answers: number[][]): number[][] =>
    tf.tidy(() => {
      // Made here: what is made within a gradient's scope is gone when it is differentiated.
      const [truth, taught] = [tf.tensor2d(labels), tf.tensor2d(answers)];
      const gradient = tf.grad((x) =>
        distillationLoss(softmaxCrossEntropy(truth, x as tf.Tensor2D), taught, x as tf.Tensor2D, DISTILLATION),
      );
      return gradient(tf.tensor2d(logits)).arraySync() as number[][];
    });

  before(() => loadWasmBackend());

  it('weighs labels and answers: its gradient is nine parts of one and one of the other', () => {
    const answers = [
      [0.2, 0.3, 0.5],
      [0.6, 0.3, 0.1],
    ];
    gradientFor(answers).forEach((row, i) =>
      row.forEach((found, c) => {
        const hard = 0.9 * (softmax(logits[i]!)[c]! - labels[i]![c]!);
        // Through the temperature once for the logits, times its square.
        const soft = 0.1 * T * (softmax(logits[i]!, T)[c]! - answers[i]![c]!);
        assert.ok(Math.abs(found - (hard + soft) / 2) < 1e-5, `[${i}, ${c}]: ${found}`);
      }),
    );
  });

  it('pulls nowhere from a teacher that answers the same, only from labels', () => {
    gradientFor(logits.map((row) => softmax(row, T))).forEach((row, i) =>
      row.forEach((found, c) => {
        assert.ok(Math.abs(found - (softmax(logits[i]!)[c]! - labels[i]![c]!) * 0.45) < 1e-5, `[${i}, ${c}]: ${found}`);
      }),
    );
  });
});
