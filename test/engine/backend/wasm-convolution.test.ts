import * as tf from '@tensorflow/tfjs-core';
import { loadWasmBackend } from '../../../server/engine/backend/wasm';
import { checkConvolution, checkDepthwise, TOLERANCE } from './kernel-checks';
import { assertClose, noise, type Geometry } from '../reference';

describe('wasm convolution', () => {
  before(async () => {
    await loadWasmBackend();
  });
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  describe('convolution', () => {
    const pads: Geometry['pad'][] = [
      'valid',
      'same',
      [
        [2, 1],
        [0, 3],
      ],
    ];
    for (const k of [1, 3, 5]) {
      for (const stride of [1, 2, 3]) {
        for (const channels of [1, 3, 8]) {
          for (const pad of pads) {
            const name = `${k}×${k}, stride ${stride}, ${channels} channels, ${typeof pad === 'string' ? pad : 'explicit padding'}`;
            it(`gradients equal the definition: ${name}`, () =>
              checkConvolution({ input: [2, 9, 8, channels], window: [k, k], stride: [stride, stride], pad }, 4));
          }
        }
      }
    }
    it('gradients equal the definition: oblong window, unequal strides', () =>
      checkConvolution({ input: [3, 8, 11, 2], window: [2, 4], stride: [1, 3], pad: 'same' }, 5));
    it('gradients equal the definition: padding wider than the window', () =>
      checkConvolution(
        {
          input: [1, 4, 5, 2],
          window: [2, 2],
          stride: [1, 1],
          pad: [
            [3, 2],
            [2, 4],
          ],
        },
        3,
      ));
    it('gradients equal the definition: padding wider than the window, strided', () =>
      checkConvolution(
        {
          input: [1, 4, 5, 2],
          window: [2, 1],
          stride: [2, 2],
          pad: [
            [3, 2],
            [2, 4],
          ],
        },
        3,
      ));
    it('gradients equal the definition: window as large as the image', () =>
      checkConvolution({ input: [2, 5, 5, 3], window: [5, 5], stride: [1, 1], pad: 'valid' }, 2));
    // The package alone gives wrong outputs here, without an error.
    it('gradients equal the definition: SAME padding with a stride beyond the window', () =>
      checkConvolution({ input: [2, 9, 8, 3], window: [2, 2], stride: [3, 3], pad: 'same' }, 2));
    it('a fused convolution equals its parts: SAME padding with a stride beyond the window', () => {
      const x = tf.tensor(noise(2 * 9 * 8 * 3, 1), [2, 9, 8, 3]) as tf.Tensor4D;
      const filter = tf.tensor(noise(2 * 2 * 3 * 2, 2), [2, 2, 3, 2]) as tf.Tensor4D;
      const bias = tf.tensor1d([0.5, -0.5]);
      const fused = tf.fused.conv2d({ x, filter, strides: 3, pad: 'same', bias, activation: 'relu' });
      const parts = tf.relu(tf.add(tf.conv2d(x, filter, 3, 'same'), bias));
      assertClose(fused.dataSync(), parts.dataSync(), TOLERANCE, 'output');
      const deep = tf.tile(bias, [3]) as tf.Tensor1D;
      const fusedDepthwise = tf.fused.depthwiseConv2d({
        x,
        filter,
        strides: 3,
        pad: 'same',
        bias: deep,
        activation: 'relu',
      });
      const depthwiseParts = tf.relu(tf.add(tf.depthwiseConv2d(x, filter, 3, 'same'), deep));
      assertClose(fusedDepthwise.dataSync(), depthwiseParts.dataSync(), TOLERANCE, 'depthwise output');
    });
  });

  describe('depthwise convolution', () => {
    for (const [k, stride, multiplier, pad] of [
      [3, 1, 1, 'same'],
      [3, 2, 2, 'valid'],
      [5, 2, 1, 'same'],
      [2, 3, 3, 'same'],
    ] as const) {
      it(`gradients equal the definition: ${k}×${k}, stride ${stride}, multiplier ${multiplier}, ${pad}`, () => {
        checkDepthwise({ input: [2, 9, 8, 3], window: [k, k], stride: [stride, stride], pad }, multiplier);
      });
    }
  });
});
