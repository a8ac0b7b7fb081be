import type { Padding } from '../../../graph';
import { forLayer, type KerasOp, type KerasTable, type WeightName, type WeightSpec } from './keras-layer';
import { MAX_UNITS } from './layer-fields';
import { shown, type JsonNode } from '../json';

type Shape = readonly number[];

interface Inferred {
  shape: Shape;
  weights: WeightSpec[];
}

/**
 * Output shape and weights of a layer, from its inputs' shapes (all without the batch dimension, channels last).
 * @param node the layer's config, for messages
 * @throws FinePruneError `model.shapes` when the layer does not fit its inputs, `model.channelsFirst` for a BatchNormalization of
 *   another axis than the last
 */
export function inferLayer(op: KerasOp, inputs: readonly Shape[], node: JsonNode): Inferred {
  const input = inputs[0] ?? [];
  const several = op.kind === 'add' || op.kind === 'concatenate';
  const wanted = op.kind === 'input' ? 0 : several ? Math.max(2, inputs.length) : 1;
  if (inputs.length !== wanted)
    throw unfit(node, `it reads ${inputs.length} tensors, expected ${several ? 'two or more' : wanted}`);
  const out = forLayer(INFER, op, { input, channels: input.at(-1) ?? 0, inputs, node });
  if (out.shape.some((size) => size < 1)) throw unfit(node, `its input of shape [${input}] is too small`);
  if (out.shape.reduce((a, b) => a * b, 1) > 100 * MAX_UNITS)
    throw unfit(node, `its output of shape [${out.shape}] is too large`);
  return out;
}

/** What a layer reads: its first input and the channels of that, all inputs, and the layer's config for messages. */
interface Read {
  input: Shape;
  channels: number;
  inputs: readonly Shape[];
  node: JsonNode;
}

const same = (_op: KerasOp, { input }: Read): Inferred => ({ shape: input, weights: [] });

const INFER: KerasTable<[Read], Inferred> = {
  input: (op) => ({ shape: op.shape, weights: [] }),
  dense: (op, { input, channels, node }) => {
    rank(input, [1, 2, 3], node);
    return {
      shape: [...input.slice(0, -1), op.units],
      weights: [kernel('kernel', [channels, op.units]), ...bias(op, op.units)],
    };
  },
  conv2d: (op, { input, channels, node }) => {
    rank(input, [3], node);
    return {
      shape: [...positions(op, input), op.filters],
      weights: [kernel('kernel', [...op.kernel, channels, op.filters]), ...bias(op, op.filters)],
    };
  },
  depthwise: (op, { input, channels, node }) => {
    rank(input, [3], node);
    return {
      shape: [...positions(op, input), channels * op.multiplier],
      weights: [
        kernel('depthwise_kernel', [...op.kernel, channels, op.multiplier]),
        ...bias(op, channels * op.multiplier),
      ],
    };
  },
  pool: (op, { input, channels, node }) => {
    rank(input, [3], node);
    const { size, strides, padding } = op;
    return {
      shape: [...positions({ kernel: size, strides, padding, dilation: [1, 1] }, input), channels],
      weights: [],
    };
  },
  globalPool: (_op, { input, channels, node }) => {
    rank(input, [3], node);
    return { shape: [channels], weights: [] };
  },
  batchNorm: (op, { input, channels, node }) => {
    lastAxis(node.at('axis'), input.length);
    const names: WeightName[] = ['moving_mean', 'moving_variance'];
    if (op.center) names.unshift('beta');
    if (op.scale) names.unshift('gamma');
    return { shape: input, weights: names.map((name) => ({ name, shape: [channels] })) };
  },
  dropout: (op, { input, node }) => {
    if (op.spatial) rank(input, [3], node);
    return { shape: input, weights: [] };
  },
  prelu: (op, { input }) => ({
    shape: input,
    weights: [{ name: 'alpha', shape: input.map((size, i) => (op.sharedAxes.includes(i + 1) ? 1 : size)) }],
  }),
  activation: (op, { input, node }) => {
    // Softmax is the one activation with an axis: over the classes or units, so the last.
    if (op.activation === 'softmax') lastAxis(node.at('axis'), input.length);
    return { shape: input, weights: [] };
  },
  gaussianNoise: same,
  gaussianDropout: same,
  relu: same,
  leakyRelu: same,
  elu: same,
  rescaling: same,
  flatten: (_op, { input }) => ({ shape: [input.reduce((a, b) => a * b, 1)], weights: [] }),
  reshape: (op, { input, node }) => ({ shape: reshaped(op.target, input, node), weights: [] }),
  zeroPadding: (op, { input, channels, node }) => {
    rank(input, [3], node);
    return {
      shape: [input[0]! + op.vertical[0] + op.vertical[1], input[1]! + op.horizontal[0] + op.horizontal[1], channels],
      weights: [],
    };
  },
  add: (_op, { input, inputs, node }) => {
    if (inputs.some((shape) => String(shape) !== String(input)))
      throw unfit(node, `it adds tensors of different shapes (${inputs.map((s) => `[${s}]`).join(', ')})`);
    return { shape: input, weights: [] };
  },
  concatenate: (_op, { input, inputs, node }) => {
    lastAxis(node.at('axis'), input.length);
    const head = String(input.slice(0, -1));
    if (inputs.some((shape) => shape.length !== input.length || String(shape.slice(0, -1)) !== head))
      throw unfit(node, `it joins tensors that do not fit (${inputs.map((s) => `[${s}]`).join(', ')})`);
    return { shape: [...input.slice(0, -1), inputs.reduce((sum, shape) => sum + shape.at(-1)!, 0)], weights: [] };
  },
};

function kernel(name: WeightName, shape: Shape): WeightSpec {
  return { name, shape };
}

function bias(op: { useBias: boolean }, size: number): WeightSpec[] {
  return op.useBias ? [{ name: 'bias', shape: [size] }] : [];
}

/** Height and width after a window slides over the input. */
function positions(
  op: { kernel: Shape; strides: Shape; padding: Padding; dilation: Shape },
  input: Shape,
): [number, number] {
  const along = (axis: 0 | 1) => {
    const reach = (op.kernel[axis]! - 1) * op.dilation[axis]! + 1;
    const room = op.padding === 'same' ? input[axis]! : input[axis]! - reach + 1;
    return Math.ceil(room / op.strides[axis]!);
  };
  return [along(0), along(1)];
}

function reshaped(target: Shape, input: Shape, node: JsonNode): Shape {
  const total = input.reduce((a, b) => a * b, 1);
  const known = target.reduce((a, b) => (b === -1 ? a : a * b), 1);
  const shape = target.map((size) => (size === -1 ? total / known : size));
  if (
    target.filter((size) => size === -1).length > 1 ||
    shape.reduce((a, b) => a * b, 1) !== total ||
    !shape.every(Number.isInteger)
  ) {
    throw unfit(node, `[${input}] can't be reshaped to [${target}]`);
  }
  return shape;
}

function rank(input: Shape, allowed: readonly number[], node: JsonNode): void {
  if (!allowed.includes(input.length)) throw unfit(node, `it can't read a tensor of shape [${input}]`);
}

/** Nothing, -1, the number of the last axis (the batch is axis 0), or one of those as a list. */
function lastAxis(node: JsonNode, inputRank: number): void {
  if (!node.present) return;
  const axis: unknown = Array.isArray(node.value) && node.value.length === 1 ? node.value[0] : node.value;
  if (axis !== -1 && axis !== inputRank)
    throw node.refuse(
      'model.channelsFirst',
      `${node.what} works along axis ${shown(axis)}; only the last axis (channels) is supported.`,
      'Export the model with channels last.',
    );
}

function unfit(node: JsonNode, why: string) {
  return node.refuse(
    'model.shapes',
    `${node.what} does not fit the layers before it: ${why}.`,
    'The file is damaged: export the model again.',
  );
}
