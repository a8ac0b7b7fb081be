import * as tf from '@tensorflow/tfjs-core';
import { assertClose, convolution, depthwise, noise, outputSize, type Geometry, type Shape4 } from '../reference';

/** Of the largest expected value. */
export const TOLERANCE = 1e-5;

/** Gradients of Σ f(inputs)·dy, through tfjs' own gradient functions, so that their wiring is tested too. */
export function gradients(
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: tf.Tensor[],
  dy: Float32Array,
): Float32Array[] {
  return tf.tidy(() => {
    const total = (...at: tf.Tensor[]): tf.Scalar => {
      const output = f(...at);
      return tf.sum(tf.mul(output, tf.tensor(dy, output.shape))) as tf.Scalar;
    };
    return tf
      .grads(total)(inputs)
      .map((g) => g.dataSync() as Float32Array);
  });
}

/** A convolution of seeded noise on the current backend, forwards and both gradients, against the definition in float64. */
export function checkConvolution(geometry: Geometry, channelsOut: number): void {
  const {
    window: [kh, kw],
    stride,
    pad,
  } = geometry;
  const tfPad = typeof pad === 'string' ? pad : ([[0, 0], pad[0], pad[1], [0, 0]] as tf.backend_util.ExplicitPadding);
  const conv = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, tfPad);
  check(geometry, [kh, kw, geometry.input[3], channelsOut], channelsOut, conv, (x, w, dy) =>
    convolution(geometry, channelsOut, x, w, dy),
  );
}

/** The same of a depthwise convolution. */
export function checkDepthwise(geometry: Geometry, multiplier: number): void {
  const {
    input: [, , , channels],
    window: [kh, kw],
    stride,
    pad,
  } = geometry;
  const conv = (a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
    tf.depthwiseConv2d(a as tf.Tensor4D, b as tf.Tensor4D, stride, pad as 'valid');
  check(geometry, [kh, kw, channels, multiplier], channels * multiplier, conv, (x, w, dy) =>
    depthwise(geometry, multiplier, x, w, dy),
  );
}

function check(
  geometry: Geometry,
  filter: Shape4,
  channelsOut: number,
  conv: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
  define: (x: Float32Array, w: Float32Array, dy: Float32Array) => Record<'y' | 'dx' | 'dw', Float64Array>,
): void {
  const { input } = geometry;
  const x = noise(tf.util.sizeFromShape(input), 1);
  const w = noise(tf.util.sizeFromShape(filter), 2);
  const [outHeight, outWidth] = outputSize(geometry);
  const dy = noise(input[0] * outHeight * outWidth * channelsOut, 3);
  const expected = define(x, w, dy);
  const inputs = [tf.tensor(x, input), tf.tensor(w, filter)] as const;
  assertClose(conv(...inputs).dataSync(), expected.y, TOLERANCE, 'output');
  const [dx, dw] = gradients((a, b) => conv(a!, b!), [...inputs], dy);
  assertClose(dx!, expected.dx, TOLERANCE, 'input gradient');
  assertClose(dw!, expected.dw, TOLERANCE, 'filter gradient');
}
