import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend } from '../../../server/engine/backend/select';
import { checkConvolution, checkDepthwise, TOLERANCE } from './kernel-checks';
import { assertClose, noise } from '../reference';

describe('native kernels', function () {
  this.timeout(60_000);
  before(async () => {
    assert.equal((await selectBackend({ choice: 'native', threads: 1 })).name, 'native');
  });
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  for (const k of [1, 2, 3, 5]) {
    for (const stride of [1, 2, 3]) {
      for (const pad of ['valid', 'same'] as const) {
        it(`gradients equal the definition: ${k}×${k}, stride ${stride}, ${pad}`, () => {
          for (const channels of [1, 3, 8])
            checkConvolution({ input: [2, 9, 8, channels], window: [k, k], stride: [stride, stride], pad }, 4);
        });
      }
    }
  }
  it('gradients equal the definition: oblong window, unequal strides', () => {
    checkConvolution({ input: [3, 8, 11, 2], window: [2, 4], stride: [1, 3], pad: 'same' }, 5);
    checkConvolution({ input: [1, 7, 10, 2], window: [3, 1], stride: [3, 2], pad: 'valid' }, 3);
    checkConvolution({ input: [2, 7, 10, 2], window: [1, 1], stride: [1, 3], pad: 'same' }, 3);
  });
  it('gradients equal the definition: a stride that leaves pixels over', () => {
    checkConvolution({ input: [2, 10, 11, 3], window: [3, 3], stride: [3, 3], pad: 'valid' }, 2);
    checkConvolution({ input: [2, 10, 11, 3], window: [2, 2], stride: [4, 4], pad: 'valid' }, 2);
    checkConvolution({ input: [2, 9, 8, 3], window: [2, 2], stride: [3, 3], pad: 'same' }, 2);
  });

  // With oneDNN, TensorFlow alone gives wrong input gradients for most of these on some CPUs, and ends the process in the last four.
  for (const k of [1, 3]) {
    for (const stride of [1, 2]) {
      for (const channels of [36, 40, 48, 66, 72, 80, 112, 200, 240, 320, 512]) {
        it(`gradients equal the definition: ${k}×${k}, stride ${stride}, ${channels} channels in`, () =>
          checkConvolution({ input: [1, 4, 4, channels], window: [k, k], stride: [stride, stride], pad: 'same' }, 24));
      }
    }
  }
  for (const [from, to] of [
    [1024, 512],
    [256, 1024],
    [512, 1024],
    [1024, 256],
  ] as const) {
    it(`gradients equal the definition: 1×1, ${from} → ${to} channels`, () =>
      checkConvolution({ input: [1, 2, 2, from], window: [1, 1], stride: [1, 1], pad: 'same' }, to));
  }

  for (const stride of [1, 2]) {
    for (const channels of [40, 72, 512]) {
      it(`gradients equal the definition: depthwise 3×3, stride ${stride}, ${channels} channels`, () =>
        checkDepthwise({ input: [1, 7, 7, channels], window: [3, 3], stride: [stride, stride], pad: 'same' }, 1));
    }
  }

  it('a fused 1×1 convolution equals its parts', () => {
    const x = tf.tensor(noise(2 * 5 * 5 * 40, 1), [2, 5, 5, 40]) as tf.Tensor4D;
    const filter = tf.tensor(noise(40 * 72, 2), [1, 1, 40, 72]) as tf.Tensor4D;
    const bias = tf.tensor1d(noise(72, 3));
    for (const strides of [1, 2]) {
      for (const activation of ['linear', 'relu', 'elu'] as const) {
        const sums = tf.add(tf.conv2d(x, filter, strides, 'same'), bias);
        const fused = tf.fused.conv2d({ x, filter, strides, pad: 'same', bias, activation });
        assertClose(
          fused.dataSync(),
          (activation === 'linear' ? sums : tf[activation](sums)).dataSync(),
          TOLERANCE,
          activation,
        );
      }
      const bare = tf.fused.conv2d({ x, filter, strides, pad: 'same' });
      assertClose(bare.dataSync(), tf.conv2d(x, filter, strides, 'same').dataSync(), TOLERANCE, 'no bias');
    }
  });

  it('a dilated 1×1 convolution is the plain one', () => {
    const x = tf.tensor(noise(2 * 5 * 5 * 3, 1), [2, 5, 5, 3]) as tf.Tensor4D;
    const filter = tf.tensor(noise(6, 2), [1, 1, 3, 2]) as tf.Tensor4D;
    assertClose(
      tf.conv2d(x, filter, 1, 'same', 'NHWC', 2).dataSync(),
      tf.conv2d(x, filter, 1, 'same').dataSync(),
      TOLERANCE,
      'output',
    );
  });

  it('frees every intermediate result', () => {
    const run = (): void =>
      tf.tidy(() => {
        const image = tf.tensor(noise(2 * 7 * 7 * 2, 16), [2, 7, 7, 2]);
        const f = (x: tf.Tensor, w: tf.Tensor, p: tf.Tensor): tf.Scalar => {
          const strided = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same');
          return tf.sum(
            tf.conv2d(tf.conv2d(strided, p as tf.Tensor4D, 2, 'same'), p as tf.Tensor4D, 1, 'same'),
          ) as tf.Scalar;
        };
        tf.grads(f as (...x: tf.Tensor[]) => tf.Scalar)([image, tf.ones([3, 3, 2, 3]), tf.ones([1, 1, 3, 3])]);
        tf.fused.conv2d({
          x: image as tf.Tensor4D,
          filter: tf.ones([1, 1, 2, 3]),
          strides: 2,
          pad: 'same',
          bias: tf.ones([3]),
          activation: 'relu',
        });
      });
    run();
    const before = [tf.memory().numTensors, tf.engine().backend.numDataIds()];
    run();
    assert.deepEqual([tf.memory().numTensors, tf.engine().backend.numDataIds()], before);
  });
});
