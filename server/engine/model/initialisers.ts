import * as tf from '@tensorflow/tfjs-core';
import { randomStream } from '../data/random';
import { sizeOf, type Graph } from './graph';
import type { Network } from './network/network';

/** How a parameter's start values are drawn, as Keras has it. */
export type Initialiser =
  | { kind: 'constant'; value: number }
  | { kind: 'uniform'; low: number; high: number }
  | { kind: 'normal'; mean: number; deviation: number; truncated: boolean }
  | {
      kind: 'varianceScaling';
      scale: number;
      mode: 'fanIn' | 'fanOut' | 'fanAvg';
      distribution: 'uniform' | 'truncatedNormal';
    };

/** Glorot, Bengio 2010, uniform. */
export const GLOROT_UNIFORM: Initialiser = {
  kind: 'varianceScaling',
  scale: 1,
  mode: 'fanAvg',
  distribution: 'uniform',
};

export const ZEROS: Initialiser = { kind: 'constant', value: 0 };

/** Start values of a shape, row-major. The same seed gives the same values on every engine. @param seed a positive integer */
export function initialValues(initialiser: Initialiser, shape: readonly number[], seed: number): Float32Array {
  switch (initialiser.kind) {
    case 'constant':
      return new Float32Array(sizeOf(shape)).fill(initialiser.value);
    case 'uniform':
      return valuesOf(() => tf.randomUniform([...shape], initialiser.low, initialiser.high, 'float32', seed));
    case 'normal': {
      const { mean, deviation, truncated } = initialiser;
      const draw = truncated ? tf.truncatedNormal : tf.randomNormal;
      return valuesOf(() => draw([...shape], mean, deviation, 'float32', seed));
    }
    case 'varianceScaling': {
      const variance = initialiser.scale / Math.max(1, fan(shape, initialiser.mode));
      if (initialiser.distribution === 'truncatedNormal')
        return valuesOf(() => tf.truncatedNormal([...shape], 0, Math.sqrt(variance), 'float32', seed));
      const limit = Math.sqrt(3 * variance);
      return valuesOf(() => tf.randomUniform([...shape], -limit, limit, 'float32', seed));
    }
  }
}

/**
 * Gives the parameters of some layers fresh start values: kernels after Glorot and Bengio (2010), uniform; all others zero.
 * @param labels of the layers
 */
export function resetLayers(network: Network, graph: Graph, labels: readonly string[], seed: number): void {
  for (const { id, label, role, shape } of graph.parameters) {
    if (!labels.includes(label)) continue;
    const own = seedOf(seed, `reset ${id}`);
    network.write(id, initialValues(role === 'kernel' ? GLOROT_UNIFORM : ZEROS, shape, own));
  }
}

/** A seed for one purpose, from 1 on: TF.js takes 0 for none. */
export function seedOf(seed: number, purpose: string): number {
  return randomStream(seed, purpose).integer(2 ** 31 - 1) + 1;
}

/** Number of values that one output or input of a kernel meets; of a vector, the square root of its length, as in Keras. */
function fan(shape: readonly number[], mode: 'fanIn' | 'fanOut' | 'fanAvg'): number {
  const isKernel = shape.length >= 2;
  const field = sizeOf(shape.slice(0, -2));
  const fanIn = isKernel ? field * shape.at(-2)! : Math.sqrt(sizeOf(shape));
  const fanOut = isKernel ? field * shape.at(-1)! : fanIn;
  return mode === 'fanIn' ? fanIn : mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2;
}

function valuesOf(make: () => tf.Tensor): Float32Array {
  const tensor = make();
  try {
    return tensor.dataSync().slice() as Float32Array;
  } finally {
    tensor.dispose();
  }
}
