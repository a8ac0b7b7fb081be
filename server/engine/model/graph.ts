/**
 * A network as this project understands it: plain data read from `modelTopology`, every field checked, nothing of TF.js in it.
 * Shapes leave out the batch dimension.
 */
export interface Graph {
  /** Layers in topological order, only those the output depends on; the first is the input. */
  readonly layers: readonly GraphLayer[];
  readonly byName: ReadonlyMap<string, GraphLayer>;
  /** Names of the layers that read each layer's output, in order. */
  readonly consumers: ReadonlyMap<string, readonly string[]>;
  readonly input: string;
  /** The layer whose output is the logits. */
  readonly output: string;
  /** The last Dense layer: its units are the classes. */
  readonly classifier: string;
  readonly classes: number;
  /** The layer whose softmax was taken off so that the output is logits; null when the file ends in logits. */
  readonly softmaxOf: string | null;
}

export interface GraphLayer {
  readonly name: string;
  /** Class as the file names it. */
  readonly className: string;
  readonly op: Op;
  /** Names of the layers whose outputs this one reads, in order. */
  readonly inputs: readonly string[];
  readonly outputShape: readonly number[];
  /** Weights in Keras's order. */
  readonly weights: readonly WeightSpec[];
  /** JSON path of the layer in the file. */
  readonly place: string;
}

export interface WeightSpec {
  /** Last part of the name in the manifest, such as `kernel`. */
  readonly name: string;
  readonly shape: readonly number[];
}

export type Pair = readonly [number, number];
export type Padding = 'valid' | 'same';

/** What a layer computes. Channels are always last. */
export type Op =
  | { kind: 'input'; shape: readonly number[] }
  | { kind: 'dense'; units: number; useBias: boolean; activation: ActivationName }
  | {
      kind: 'conv2d';
      filters: number;
      kernel: Pair;
      strides: Pair;
      padding: Padding;
      dilation: Pair;
      useBias: boolean;
      activation: ActivationName;
    }
  | {
      kind: 'depthwise';
      multiplier: number;
      kernel: Pair;
      strides: Pair;
      padding: Padding;
      dilation: Pair;
      useBias: boolean;
      activation: ActivationName;
    }
  | { kind: 'pool'; how: 'max' | 'average'; size: Pair; strides: Pair; padding: Padding }
  | { kind: 'globalPool'; how: 'max' | 'average' }
  | { kind: 'batchNorm'; momentum: number; epsilon: number; center: boolean; scale: boolean }
  | { kind: 'dropout'; rate: number; spatial: boolean }
  | { kind: 'gaussianNoise'; deviation: number }
  | { kind: 'gaussianDropout'; rate: number }
  | { kind: 'activation'; activation: ActivationName }
  | { kind: 'relu'; max: number | null }
  | { kind: 'leakyRelu'; slope: number }
  | { kind: 'elu' }
  | { kind: 'prelu'; sharedAxes: readonly number[] }
  | { kind: 'rescaling'; scale: number; offset: number }
  | { kind: 'flatten' }
  | { kind: 'reshape'; target: readonly number[] }
  | { kind: 'zeroPadding'; vertical: Pair; horizontal: Pair }
  | { kind: 'add' }
  | { kind: 'concatenate' };

/** A function for each kind of layer; the compiler asks for a new kind in every table. */
export type OpTable<Rest extends unknown[], Result> = {
  readonly [Kind in Op['kind']]: (op: Extract<Op, { kind: Kind }>, ...rest: Rest) => Result;
};

/** Calls the table's function for the kind of `op`. */
export function forOp<Rest extends unknown[], Result>(table: OpTable<Rest, Result>, op: Op, ...rest: Rest): Result {
  // The compiler does not see that the function of a kind gets an op of that kind.
  return (table[op.kind] as (op: Op, ...rest: Rest) => Result)(op, ...rest);
}

/** Activation functions by the name Keras gives them, in one spelling. */
export type ActivationName = keyof typeof ACTIVATIONS;

/**
 * What pruning has to know of each function: its value at 0, whether it goes below zero, and whether one unit's value depends
 * on other units.
 */
export const ACTIVATIONS = {
  linear: { atZero: 0, negative: true, couples: false },
  relu: { atZero: 0, negative: false, couples: false },
  relu6: { atZero: 0, negative: false, couples: false },
  leaky_relu: { atZero: 0, negative: true, couples: false },
  elu: { atZero: 0, negative: true, couples: false },
  selu: { atZero: 0, negative: true, couples: false },
  sigmoid: { atZero: 0.5, negative: false, couples: false },
  hard_sigmoid: { atZero: 0.5, negative: false, couples: false },
  tanh: { atZero: 0, negative: true, couples: false },
  softplus: { atZero: Math.LN2, negative: false, couples: false },
  softsign: { atZero: 0, negative: true, couples: false },
  swish: { atZero: 0, negative: true, couples: false },
  hard_swish: { atZero: 0, negative: true, couples: false },
  gelu: { atZero: 0, negative: true, couples: false },
  gelu_new: { atZero: 0, negative: true, couples: false },
  mish: { atZero: 0, negative: true, couples: false },
  exponential: { atZero: 1, negative: false, couples: false },
  softmax: { atZero: null, negative: false, couples: true },
} as const satisfies Record<string, { atZero: number | null; negative: boolean; couples: boolean }>;

/** The layer of that name; asking for one that is not there is a defect of the caller. */
export function layerOf(graph: Graph, name: string): GraphLayer {
  const layer = graph.byName.get(name);
  if (!layer) throw new Error(`no layer ${name} in the graph`);
  return layer;
}

/** What a layer does elementwise to a value of 0 at inference, and its name for people; null for layers that are no activation. */
export function activationOf(
  op: Op,
): { name: string; atZero: number | null; negative: boolean; couples: boolean } | null {
  switch (op.kind) {
    case 'dense':
    case 'conv2d':
    case 'depthwise':
    case 'activation':
      return { name: op.activation, ...ACTIVATIONS[op.activation] };
    case 'relu':
      return { name: 'relu', ...ACTIVATIONS.relu };
    case 'leakyRelu':
      return { name: 'leaky_relu', ...ACTIVATIONS.leaky_relu };
    case 'elu':
      return { name: 'elu', ...ACTIVATIONS.elu };
    case 'prelu':
      return { name: 'prelu', atZero: 0, negative: true, couples: false };
    default:
      return null;
  }
}
