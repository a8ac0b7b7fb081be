import type { UnclassifiedGraph } from '../../../classifier';
import type { Layer, Node, Op, Parameter, Role } from '../../../graph';
import { forLayer, type ActivationName, type KerasLayer, type KerasTable, type WeightName } from './keras-layer';

/** What a weight is to its node. */
const ROLES: Record<WeightName, Role> = {
  kernel: 'kernel',
  depthwise_kernel: 'kernel',
  bias: 'bias',
  gamma: 'scale',
  beta: 'offset',
  moving_mean: 'mean',
  moving_variance: 'variance',
  alpha: 'slope',
};

/**
 * The op graph of Keras layers: a node for each layer, and one more for the activation function in its config.
 * @param layers in topological order
 * @param input name of the layer that gives the images
 * @param output name of the layer whose output is the network's
 */
export function lower(layers: readonly KerasLayer[], input: string, output: string): UnclassifiedGraph {
  const nodes: Node[] = [];
  const parameters: Parameter[] = [];
  /** The node that gives each layer's output. */
  const ends = new Map<string, string>();
  const lowered = layers.map((layer, at): Layer => {
    const { name: label, className: type, place, shape, weights } = layer;
    const own = weights.map((weight): Parameter => ({
      id: `${label}/${weight.name}`,
      label,
      role: ROLES[weight.name],
      shape: weight.shape,
      trainable: !weight.name.startsWith('moving_'),
    }));
    parameters.push(...own);
    const ids: string[] = [];
    const add = (op: Op, inputs: readonly string[], of: readonly Parameter[]): void => {
      const id = `n${nodes.length}`;
      nodes.push({ id, label, op, inputs, parameters: Object.fromEntries(of.map((p) => [p.role, p.id])), shape });
      ids.push(id);
    };
    add(
      forLayer(OPS, layer.op, at),
      layer.inputs.map((name) => ends.get(name)!),
      own,
    );
    const activation = activationIn(layer);
    if (activation) add(activation, ids.slice(), []);
    ends.set(label, ids.at(-1)!);
    return { label, type, place, shape, nodes: ids };
  });
  return {
    nodes,
    byId: new Map(nodes.map((node) => [node.id, node])),
    consumers: consumersOf(nodes),
    layers: lowered,
    parameters,
    input: ends.get(input)!,
    output: ends.get(output)!,
  };
}

/** What a layer's own node computes. @param stream place of the layer in the network, which gives it random numbers of its own */
const OPS: KerasTable<[stream: number], Op> = {
  input: () => ({ kind: 'input' }),
  dense: () => ({ kind: 'dense' }),
  conv2d: ({ kernel, strides, padding, dilation }) => ({ kind: 'conv2d', kernel, strides, padding, dilation }),
  depthwise: ({ multiplier, kernel, strides, padding, dilation }) => ({
    kind: 'depthwise',
    multiplier,
    kernel,
    strides,
    padding,
    dilation,
  }),
  pool: (op) => op,
  globalPool: (op) => op,
  batchNorm: ({ momentum, epsilon }) => ({ kind: 'batchNorm', momentum, epsilon }),
  dropout: ({ rate, spatial }, stream) => ({ kind: 'dropout', rate, spatial, stream }),
  gaussianNoise: ({ deviation }, stream) => ({ kind: 'noise', how: 'add', deviation, stream }),
  gaussianDropout: ({ rate }, stream) => ({
    kind: 'noise',
    how: 'multiply',
    deviation: Math.sqrt(rate / (1 - rate)),
    stream,
  }),
  activation: ({ activation }) => activationOp(activation) ?? { kind: 'identity' },
  relu: ({ max }) => ({ kind: 'activation', function: 'relu', ...(max !== null && { max }) }),
  leakyRelu: ({ slope }) => ({ kind: 'activation', function: 'leaky_relu', slope }),
  elu: () => ({ kind: 'activation', function: 'elu' }),
  prelu: () => ({ kind: 'prelu' }),
  rescaling: ({ scale, offset }) => ({ kind: 'affine', scale, offset }),
  flatten: () => ({ kind: 'reshape' }),
  reshape: () => ({ kind: 'reshape' }),
  zeroPadding: ({ vertical, horizontal }) => ({ kind: 'pad', vertical, horizontal }),
  add: () => ({ kind: 'add' }),
  concatenate: () => ({ kind: 'concat' }),
};

/** The activation function in a layer's config; null where the layer has none or is one itself. */
function activationIn({ op }: KerasLayer): Op | null {
  return op.kind === 'dense' || op.kind === 'conv2d' || op.kind === 'depthwise' ? activationOp(op.activation) : null;
}

/** Null for `linear`. */
function activationOp(name: ActivationName): Op | null {
  if (name === 'linear') return null;
  if (name === 'softmax') return { kind: 'softmax' };
  // Keras's slope where the function is named in a config; the LeakyReLU layer has its own.
  return { kind: 'activation', function: name, ...(name === 'leaky_relu' && { slope: 0.2 }) };
}

function consumersOf(nodes: readonly Node[]): Map<string, string[]> {
  const consumers = new Map<string, string[]>(nodes.map(({ id }) => [id, []]));
  for (const { id, inputs } of nodes) for (const input of inputs) consumers.get(input)!.push(id);
  return consumers;
}
