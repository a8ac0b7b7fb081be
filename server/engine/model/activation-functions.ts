import { nodeOf, type Graph, type Layer, type Op } from './graph';

/** Activation functions by the name Keras gives them, in one spelling. */
export type ActivationFunction = keyof typeof ACTIVATIONS;

/** What pruning has to know of an activation function. */
export interface ActivationFacts {
  /** Name for people. */
  readonly name: string;
  /** Its value at 0; null where that depends on other units. */
  readonly atZero: number | null;
  /** Whether it goes below zero. */
  readonly negative: boolean;
  /** Whether one unit's value depends on other units. */
  readonly couples: boolean;
}

const ACTIVATIONS = {
  relu: { atZero: 0, negative: false },
  relu6: { atZero: 0, negative: false },
  leaky_relu: { atZero: 0, negative: true },
  elu: { atZero: 0, negative: true },
  selu: { atZero: 0, negative: true },
  sigmoid: { atZero: 0.5, negative: false },
  hard_sigmoid: { atZero: 0.5, negative: false },
  tanh: { atZero: 0, negative: true },
  softplus: { atZero: Math.LN2, negative: false },
  softsign: { atZero: 0, negative: true },
  swish: { atZero: 0, negative: true },
  hard_swish: { atZero: 0, negative: true },
  gelu: { atZero: 0, negative: true },
  gelu_new: { atZero: 0, negative: true },
  mish: { atZero: 0, negative: true },
  exponential: { atZero: 1, negative: false },
} as const satisfies Record<string, { atZero: number; negative: boolean }>;

export const ACTIVATION_FUNCTIONS = Object.keys(ACTIVATIONS) as ActivationFunction[];

/** What an op does as an activation function, at inference; null for ops that are none. */
export function activationOf(op: Op): ActivationFacts | null {
  switch (op.kind) {
    case 'activation':
      return { name: op.function, ...ACTIVATIONS[op.function], couples: false };
    case 'prelu':
      return { name: 'prelu', atZero: 0, negative: true, couples: false };
    case 'softmax':
      return { name: 'softmax', atZero: null, negative: false, couples: true };
    default:
      return null;
  }
}

/** Name of a layer's activation function; null where it has none. */
export function activationOfLayer(graph: Graph, { nodes }: Layer): string | null {
  return activationOf(nodeOf(graph, nodes.at(-1)!).op)?.name ?? null;
}
