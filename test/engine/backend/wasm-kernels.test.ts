import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { loadWasmBackend } from '../../../server/engine/backend/wasm';
import { gradients, TOLERANCE } from './kernel-checks';
import { assertClose, averagePooling, maxPooling, noise, outputSize, type Geometry } from '../reference';

describe('wasm kernels', () => {
  before(async () => {
    await loadWasmBackend();
  });
  beforeEach(() => tf.engine().startScope());
  afterEach(() => tf.engine().endScope());

  describe('pooling', () => {
    const shapes: Geometry[] = [];
    for (const window of [1, 2, 3]) {
      for (const stride of [1, 2, 3]) {
        for (const pad of ['valid', 'same'] as const)
          shapes.push({ input: [2, 7, 8, 3], window: [window, window], stride: [stride, stride], pad });
      }
    }
    shapes.push({ input: [2, 5, 9, 1], window: [2, 4], stride: [3, 2], pad: 'same' });
    for (const geometry of shapes) {
      const { input, window, stride, pad } = geometry;
      const name = `${window.join('×')}, stride ${stride.join('×')}, ${pad}`;
      // Shifted far below zero: the package's own kernel gives no gradient there.
      for (const shift of [0, -10]) {
        it(`maximum: output and gradient equal the definition: ${name}, inputs around ${shift}`, () => {
          const x = noise(tf.util.sizeFromShape(input), 7).map((v) => v + shift);
          const [outHeight, outWidth] = outputSize(geometry);
          const dy = noise(input[0] * outHeight * outWidth * input[3], 8);
          const pool = (a: tf.Tensor): tf.Tensor => tf.maxPool(a as tf.Tensor4D, window, stride, pad as 'valid');
          const expected = maxPooling(geometry, x, dy);
          assertClose(pool(tf.tensor(x, input)).dataSync(), expected.y, TOLERANCE, 'output');
          assertClose(
            gradients((a) => pool(a!), [tf.tensor(x, input)], dy)[0]!,
            expected.dx,
            TOLERANCE,
            'input gradient',
          );
        });
      }
      it(`average: output and gradient equal the definition: ${name}`, () => {
        const x = noise(tf.util.sizeFromShape(input), 9);
        const [outHeight, outWidth] = outputSize(geometry);
        const dy = noise(input[0] * outHeight * outWidth * input[3], 10);
        const pool = (a: tf.Tensor): tf.Tensor => tf.avgPool(a as tf.Tensor4D, window, stride, pad as 'valid');
        const expected = averagePooling(geometry, x, dy);
        assertClose(pool(tf.tensor(x, input)).dataSync(), expected.y, TOLERANCE, 'output');
        assertClose(
          gradients((a) => pool(a!), [tf.tensor(x, input)], dy)[0]!,
          expected.dx,
          TOLERANCE,
          'input gradient',
        );
      });
    }
    it('maximum: the first of equal inputs gets the gradient', () => {
      const [dx] = gradients(
        (a) => tf.maxPool(a as tf.Tensor4D, 2, 2, 'valid'),
        [tf.fill([1, 2, 4, 1], -1)],
        Float32Array.of(3, 5),
      );
      assert.deepEqual([...dx!], [3, 0, 5, 0, 0, 0, 0, 0]);
    });
  });

  describe('matrix product', () => {
    for (const [rows, inner, columns] of [
      [1, 1, 1],
      [3, 5, 2],
      [64, 33, 10],
      [7, 128, 65],
    ] as const) {
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          for (const batch of [[], [1], [3]]) {
            it(`${transposeA ? 'Aᵀ' : 'A'}${transposeB ? 'Bᵀ' : 'B'}, [${[...batch, rows, inner]}] by ${columns}`, () => {
              const count = batch[0] ?? 1;
              const a = noise(count * rows * inner, 11);
              const b = noise(count * inner * columns, 12);
              const expected = new Float64Array(count * rows * columns);
              for (let n = 0; n < count; n++) {
                for (let i = 0; i < rows; i++) {
                  for (let j = 0; j < columns; j++) {
                    for (let k = 0; k < inner; k++) {
                      const left = a[n * rows * inner + (transposeA ? k * rows + i : i * inner + k)]!;
                      const right = b[n * inner * columns + (transposeB ? j * inner + k : k * columns + j)]!;
                      expected[(n * rows + i) * columns + j]! += left * right;
                    }
                  }
                }
              }
              const product = tf.matMul(
                tf.tensor(a, [...batch, ...(transposeA ? [inner, rows] : [rows, inner])]),
                tf.tensor(b, [...batch, ...(transposeB ? [columns, inner] : [inner, columns])]),
                transposeA,
                transposeB,
              );
              assert.deepEqual(product.shape, [...batch, rows, columns]);
              assertClose(product.dataSync(), expected, TOLERANCE, 'product');
            });
          }
        }
      }
    }
    it('gradients of a dense layer equal the definition', () => {
      const x = noise(6, 13);
      const w = noise(12, 14);
      const dy = noise(8, 15);
      const [dx, dw] = gradients(
        (a, b) => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D),
        [tf.tensor(x, [2, 3]), tf.tensor(w, [3, 4])],
        dy,
      );
      const at = (m: Float32Array, width: number, i: number, j: number): number => m[i * width + j]!;
      assertClose(
        dx!,
        Float64Array.from({ length: 6 }, (_, t) =>
          [0, 1, 2, 3].reduce((s, o) => s + at(dy, 4, Math.floor(t / 3), o) * at(w, 4, t % 3, o), 0),
        ),
        TOLERANCE,
        'input gradient',
      );
      assertClose(
        dw!,
        Float64Array.from({ length: 12 }, (_, t) =>
          [0, 1].reduce((s, n) => s + at(x, 3, n, Math.floor(t / 4)) * at(dy, 4, n, t % 4), 0),
        ),
        TOLERANCE,
        'weight gradient',
      );
    });
  });

  describe('gather', () => {
    it('adds up the gradients of rows that are taken more than once', () => {
      const [dx] = gradients(
        (a) => tf.gather(a, tf.tensor1d([2, 0, 2], 'int32')),
        [tf.zeros([4, 2])],
        Float32Array.of(1, 2, 3, 4, 5, 6),
      );
      assert.deepEqual([...dx!], [3, 4, 0, 0, 6, 8, 0, 0]);
    });
    it('works along another axis', () => {
      const [dx] = gradients(
        (a) => tf.gather(a, tf.tensor1d([1, 1], 'int32'), 1),
        [tf.zeros([2, 3])],
        Float32Array.of(1, 2, 3, 4),
      );
      assert.deepEqual([...dx!], [0, 3, 0, 0, 7, 0]);
    });
    it('leaves out segments that do not exist', () => {
      const sums = tf.unsortedSegmentSum(tf.tensor1d([1, 2, 4, 8]), tf.tensor1d([0, -1, 0, 5], 'int32'), 2);
      assert.deepEqual([...sums.dataSync()], [5, 0]);
    });
  });

  for (const block of [2, 3]) {
    it(`channels become blocks of ${block}×${block} pixels`, () => {
      const [batch, height, width, channels] = [2, 3, 4, 5] as const;
      const depth = block * block * channels;
      const from = noise(batch * height * width * depth, 17);
      const image = tf.depthToSpace(tf.tensor4d(from, [batch, height, width, depth]), block);
      assert.deepEqual(image.shape, [batch, height * block, width * block, channels]);
      const expected = Float32Array.from({ length: from.length }, (_, at) => {
        const [c, x, y, n] = [
          at % channels,
          Math.floor(at / channels) % (width * block),
          Math.floor(at / channels / width / block) % (height * block),
          Math.floor(at / channels / width / height / block / block),
        ];
        const channel = ((y % block) * block + (x % block)) * channels + c;
        return from[((n * height + Math.floor(y / block)) * width + Math.floor(x / block)) * depth + channel]!;
      });
      assert.deepEqual(image.dataSync(), expected);
    });
  }

  it('fails on a kernel it lacks, instead of computing elsewhere', () => {
    assert.throws(() => tf.fft(tf.complex([1, 2], [0, 0])), /not registered for (the )?backend '?wasm/);
    assert.equal(tf.getBackend(), 'wasm');
  });

  it('frees every intermediate result', () => {
    const backend = tf.backend() as BackendWasm;
    const run = (): void =>
      tf.tidy(() => {
        const image = tf.tensor(noise(2 * 7 * 7 * 2, 16), [2, 7, 7, 2]);
        const f = (x: tf.Tensor, w: tf.Tensor, d: tf.Tensor): tf.Scalar => {
          const strided = tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, [
            [0, 0],
            [3, 3],
            [3, 3],
            [0, 0],
          ]);
          const again = tf.conv2d(strided, tf.ones([3, 3, 3, 3]) as tf.Tensor4D, 2, 'same');
          const pooled = tf.avgPool(
            tf.maxPool(tf.depthwiseConv2d(again, d as tf.Tensor4D, 1, 'same'), 2, 1, 'same'),
            2,
            1,
            'valid',
          );
          const flat = tf.reshape(pooled, [2, -1]) as tf.Tensor2D;
          return tf.sum(tf.matMul(flat, tf.gather(flat, [1, 1]) as tf.Tensor2D, false, true)) as tf.Scalar;
        };
        tf.grads(f as (...x: tf.Tensor[]) => tf.Scalar)([image, tf.ones([2, 2, 2, 3]), tf.ones([2, 2, 3, 1])]);
      });
    run();
    const tensors = tf.memory().numTensors;
    const blocks = backend.numDataIds();
    run();
    assert.equal(tf.memory().numTensors, tensors);
    assert.equal(backend.numDataIds(), blocks);
  });
});
