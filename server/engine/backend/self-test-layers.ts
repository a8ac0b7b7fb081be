import {
  conv2d,
  depthwiseConv2d,
  fused,
  grads,
  mul,
  reshape,
  sum,
  tensor1d,
  tensor4d,
  tidy,
  type Scalar,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';

/** A layer of the kind and width that image classifiers have, on one small image with SAME padding. */
export interface TestedLayer {
  kind: 'convolution' | 'depthwise convolution';
  /** Height and width of the window, and of the image. */
  window: number;
  side: number;
  stride: number;
  from: number;
  /** As many as `from` where it is depthwise. */
  to: number;
}

/**
 * What is tried. TensorFlow 2.21 with oneDNN was found wrong on some CPUs in the last channels of a block (40 = 32 + 8, 72 = 64 + 8,
 * 512), for windows of one pixel or strides above 1; the size of the image made no difference there.
 */
export const TESTED_LAYERS: readonly TestedLayer[] = [
  ...convolutions(1, 1, 2, [
    [40, 72],
    [512, 40],
  ]),
  ...convolutions(1, 2, 3, [[72, 40]]),
  ...convolutions(3, 1, 2, [
    [40, 16],
    [72, 16],
    [512, 8],
  ]),
  ...convolutions(3, 2, 3, [
    [40, 16],
    [72, 16],
    [512, 8],
  ]),
  ...(
    [
      [40, 1],
      [72, 2],
      [512, 1],
    ] as const
  ).map(([channels, stride]): TestedLayer => ({
    kind: 'depthwise convolution',
    window: 3,
    side: 3,
    stride,
    from: channels,
    to: channels,
  })),
];

/** One figure after the other: the output, after bias and ReLU the output of the fused layer, and the gradients of Σ output·error. */
export interface LayerFigures {
  output: ArrayLike<number>;
  fused: ArrayLike<number>;
  input: ArrayLike<number>;
  filter: ArrayLike<number>;
}

/** What a layer is computed on. */
interface LayerInputs {
  /** [1, side, side, from] */
  x: Float32Array;
  /** [window, window, from, to], or [window, window, from, 1] where it is depthwise */
  filter: Float32Array;
  /** Of the output. */
  error: Float32Array;
  bias: Float32Array;
}

/** For people: `a 3×3 depthwise convolution with stride 2 (72 → 72 channels)`. */
export function describeLayer({ kind, window, stride, from, to }: TestedLayer): string {
  return `a ${window}×${window} ${kind} with stride ${stride} (${from} → ${to} channels)`;
}

/** The fixed inputs of a layer. */
export function inputsOf({ kind, window, side, stride, from, to }: TestedLayer): LayerInputs {
  const out = Math.ceil(side / stride);
  return {
    x: noise(side * side * from, 1),
    filter: noise(window * window * from * (kind === 'convolution' ? to : 1), 2),
    error: noise(out * out * to, 3),
    bias: noise(to, 4),
  };
}

/** A layer's figures by the definition of the convolution, in float64. */
export function plainLayer(layer: TestedLayer, inputs: LayerInputs): LayerFigures {
  const { window, side, stride, from, to } = layer;
  const out = Math.ceil(side / stride);
  const before = Math.floor(Math.max(0, (out - 1) * stride + window - side) / 2);
  const figures = {
    output: new Float64Array(inputs.error.length),
    input: new Float64Array(inputs.x.length),
    filter: new Float64Array(inputs.filter.length),
  };
  for (let pixel = 0; pixel < out * out; pixel++) {
    for (let tap = 0; tap < window * window; tap++) {
      const row = Math.floor(pixel / out) * stride + Math.floor(tap / window) - before;
      const column = (pixel % out) * stride + (tap % window) - before;
      if (row >= 0 && row < side && column >= 0 && column < side)
        addPair(layer, inputs, figures, pixel * to, (row * side + column) * from, tap);
    }
  }
  return { ...figures, fused: figures.output.map((v, i) => Math.max(0, v + inputs.bias[i % to]!)) };
}

/** What one pixel of the output has from one of the input, through one cell of the window; pixels by the place of their first channel. */
function addPair(
  { kind, from, to }: TestedLayer,
  { x, filter, error }: LayerInputs,
  figures: Record<'output' | 'input' | 'filter', Float64Array>,
  outAt: number,
  inAt: number,
  tap: number,
): void {
  const { output, input, filter: filterGradient } = figures;
  if (kind === 'depthwise convolution') {
    for (let c = 0; c < from; c++) {
      output[outAt + c]! += x[inAt + c]! * filter[tap * from + c]!;
      input[inAt + c]! += filter[tap * from + c]! * error[outAt + c]!;
      filterGradient[tap * from + c]! += x[inAt + c]! * error[outAt + c]!;
    }
    return;
  }
  for (let c = 0; c < from; c++) {
    const first = (tap * from + c) * to;
    const value = x[inAt + c]!;
    let slope = 0;
    for (let o = 0; o < to; o++) {
      output[outAt + o]! += value * filter[first + o]!;
      filterGradient[first + o]! += value * error[outAt + o]!;
      slope += filter[first + o]! * error[outAt + o]!;
    }
    input[inAt + c]! += slope;
  }
}

/** A layer's figures on the current tfjs backend. */
export async function engineLayer(layer: TestedLayer, inputs: LayerInputs): Promise<LayerFigures> {
  const { kind, window, side, stride, from, to } = layer;
  const depthwise = kind === 'depthwise convolution';
  const tensors = tidy(() => {
    const x = tensor4d(inputs.x, [1, side, side, from]);
    const w = tensor4d(inputs.filter, [window, window, from, depthwise ? 1 : to]);
    const bias = tensor1d(inputs.bias);
    const run = (a: Tensor4D, b: Tensor4D): Tensor4D =>
      depthwise ? depthwiseConv2d(a, b, stride, 'same') : conv2d(a, b, stride, 'same');
    const joined = { x, filter: w, strides: stride, pad: 'same', bias, activation: 'relu' } as const;
    const output = run(x, w);
    const error = tensor4d(inputs.error, output.shape);
    const gradients = grads((a: Tensor, b: Tensor) => sum(mul(run(a as Tensor4D, b as Tensor4D), error)) as Scalar)([
      x,
      w,
    ]);
    return [output, depthwise ? fused.depthwiseConv2d(joined) : fused.conv2d(joined), ...gradients].map((t) =>
      reshape(t, [-1]),
    );
  });
  try {
    const [output, joined, input, filter] = await Promise.all(tensors.map((t) => t.data()));
    return { output: output!, fused: joined!, input: input!, filter: filter! };
  } finally {
    for (const tensor of tensors) tensor.dispose();
  }
}

function convolutions(
  window: number,
  stride: number,
  side: number,
  channels: readonly (readonly [number, number])[],
): TestedLayer[] {
  return channels.map(([from, to]) => ({ kind: 'convolution', window, side, stride, from, to }));
}

/** Numbers in [-1, 1) without a period that a channel count could meet: a linear congruential generator (Numerical Recipes, 1992, section 7.1). */
function noise(length: number, seed: number): Float32Array {
  const values = new Float32Array(length);
  let state = seed;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = state / 2 ** 31 - 1;
  }
  return values;
}
