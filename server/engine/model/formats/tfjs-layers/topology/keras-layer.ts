import type { ActivationFunction } from '../../../activation-functions';
import type { Padding, Pair } from '../../../graph';

/** A layer as Keras has it, every field checked: what `lower.ts` makes nodes of. Shapes leave out the batch dimension. */
export interface KerasLayer {
  readonly name: string;
  /** Class as the file names it. */
  readonly className: string;
  readonly op: KerasOp;
  /** Names of the layers whose outputs this one reads, in order. */
  readonly inputs: readonly string[];
  readonly shape: readonly number[];
  /** Weights in Keras's order. */
  readonly weights: readonly WeightSpec[];
  /** JSON path of the layer in the file. */
  readonly place: string;
}

export interface WeightSpec {
  /** Last part of the name in the manifest. */
  readonly name: WeightName;
  readonly shape: readonly number[];
}

export type WeightName =
  'kernel' | 'depthwise_kernel' | 'bias' | 'gamma' | 'beta' | 'moving_mean' | 'moving_variance' | 'alpha';

/** Activation functions as layers have them in their config, in one spelling. */
export type ActivationName = ActivationFunction | 'linear' | 'softmax';

interface Convolution {
  kernel: Pair;
  strides: Pair;
  padding: Padding;
  dilation: Pair;
  useBias: boolean;
  activation: ActivationName;
}

/** What a layer computes. Channels are always last. */
export type KerasOp =
  | { kind: 'input'; shape: readonly number[] }
  | { kind: 'dense'; units: number; useBias: boolean; activation: ActivationName }
  | ({ kind: 'conv2d'; filters: number } & Convolution)
  | ({ kind: 'depthwise'; multiplier: number } & Convolution)
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
export type KerasTable<Rest extends unknown[], Result> = {
  readonly [Kind in KerasOp['kind']]: (op: Extract<KerasOp, { kind: Kind }>, ...rest: Rest) => Result;
};

/** Calls the table's function for the kind of `op`. */
export function forLayer<Rest extends unknown[], Result>(
  table: KerasTable<Rest, Result>,
  op: KerasOp,
  ...rest: Rest
): Result {
  // The compiler does not see that the function of a kind gets an op of that kind.
  return (table[op.kind] as (op: KerasOp, ...rest: Rest) => Result)(op, ...rest);
}
