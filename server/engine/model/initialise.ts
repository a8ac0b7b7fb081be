import { initializers, type LayersModel } from '@tensorflow/tfjs-layers';
import { dispose } from '@tensorflow/tfjs-core';
import { randomStream } from '../data/random';
import type { Graph, GraphLayer } from './graph';
import { isObject, type JsonNode } from './formats/tfjs-layers/json';
import { variableOf } from './net';

/** Where a layer's config names each weight's initialiser, and Keras's default. */
const FIELDS: Record<string, { field: string; fallback: string }> = {
  kernel: { field: 'kernel_initializer', fallback: 'glorot_uniform' },
  depthwise_kernel: { field: 'depthwise_initializer', fallback: 'glorot_uniform' },
  bias: { field: 'bias_initializer', fallback: 'zeros' },
  gamma: { field: 'gamma_initializer', fallback: 'ones' },
  beta: { field: 'beta_initializer', fallback: 'zeros' },
  moving_mean: { field: 'moving_mean_initializer', fallback: 'zeros' },
  moving_variance: { field: 'moving_variance_initializer', fallback: 'ones' },
  alpha: { field: 'alpha_initializer', fallback: 'zeros' },
};

/**
 * Gives every weight of a network a fresh start value, from the initialisers that its file names, each weight with a seed of its
 * own made from `seed`, layer and weight. Two networks of the same file and seed get the same values on every engine.
 *
 * @param config the config of a layer in the file
 * @throws FinePruneError `model.unsupportedInitialiser`
 */
export function initialise(
  net: LayersModel,
  graph: Graph,
  config: (layer: GraphLayer) => JsonNode,
  seed: number,
): void {
  for (const layer of graph.layers) {
    for (const { name, shape } of layer.weights) {
      const { field, fallback } = FIELDS[name]!;
      const node = config(layer).at(field, `Layer "${layer.name}"`);
      const own = randomStream(seed, `initial ${layer.name}/${name}`).integer(2 ** 31 - 1) + 1;
      const values = initialiserOf(node, fallback, own).apply([...shape], 'float32');
      variableOf(net, layer, name).assign(values);
      dispose(values);
    }
  }
}

/**
 * Gives the weights of named Dense layers fresh start values: kernels after Glorot and Bengio (2010), uniform; biases zero. The same seed
 * gives the same values on every engine.
 */
export function resetDense(net: LayersModel, graph: Graph, names: readonly string[], seed: number): void {
  for (const layer of graph.layers.filter(({ name }) => names.includes(name))) {
    for (const { name, shape } of layer.weights) {
      const own = randomStream(seed, `reset ${layer.name}/${name}`).integer(2 ** 31 - 1) + 1;
      const values = (name === 'kernel' ? initializers.glorotUniform({ seed: own }) : initializers.zeros()).apply(
        [...shape],
        'float32',
      );
      variableOf(net, layer, name).assign(values);
      dispose(values);
    }
  }
}

type Initialiser = ReturnType<typeof initializers.zeros>;

/** By name, or `{class_name, config}`. Class names and function names differ in spelling only (GlorotUniform, glorot_uniform). */
function initialiserOf(node: JsonNode, fallback: string, seed: number): Initialiser {
  const named = isObject(node.value) ? node.at('class_name') : node;
  const name = named.present ? named.string() : fallback;
  const config = isObject(node.value) && isObject(node.at('config').value) ? node.at('config') : node.literal({});
  const number = (key: string, otherwise: number) => config.at(key).number(otherwise);
  switch (name.replace(/_/g, '').toLowerCase()) {
    case 'zeros':
      return initializers.zeros();
    case 'ones':
      return initializers.ones();
    case 'constant':
      return initializers.constant({ value: number('value', 0) });
    case 'randomuniform':
      return initializers.randomUniform({ minval: number('minval', -0.05), maxval: number('maxval', 0.05), seed });
    case 'randomnormal':
      return initializers.randomNormal({ mean: number('mean', 0), stddev: number('stddev', 0.05), seed });
    case 'truncatednormal':
      return initializers.truncatedNormal({ mean: number('mean', 0), stddev: number('stddev', 0.05), seed });
    case 'variancescaling':
      return initializers.varianceScaling({
        scale: number('scale', 1),
        mode: mode(config.at('mode')),
        distribution: distribution(config.at('distribution')),
        seed,
      });
    case 'glorotuniform':
      return initializers.glorotUniform({ seed });
    case 'glorotnormal':
      return initializers.glorotNormal({ seed });
    case 'heuniform':
      return initializers.heUniform({ seed });
    case 'henormal':
      return initializers.heNormal({ seed });
    case 'lecununiform':
      return initializers.leCunUniform({ seed });
    case 'lecunnormal':
      return initializers.leCunNormal({ seed });
    default:
      throw node.refuse(
        'model.unsupportedInitialiser',
        `${node.what} starts from the initialiser "${name}", which is not supported.`,
        'Use zeros, ones, constant, random_uniform, random_normal, truncated_normal, variance_scaling, glorot, he or lecun initialisers.',
      );
  }
}

function mode(node: JsonNode): 'fanIn' | 'fanOut' | 'fanAvg' {
  const modes = { fanin: 'fanIn', fanout: 'fanOut', fanavg: 'fanAvg' } as const;
  const key = (node.present ? node.string() : 'fan_in').replace(/_/g, '').toLowerCase();
  if (!(key in modes)) throw node.wrong('"fan_in", "fan_out" or "fan_avg"');
  return modes[key as keyof typeof modes];
}

function distribution(node: JsonNode): 'normal' | 'uniform' | 'truncatedNormal' {
  const distributions = {
    normal: 'normal',
    untruncatednormal: 'normal',
    uniform: 'uniform',
    truncatednormal: 'truncatedNormal',
  } as const;
  const key = (node.present ? node.string() : 'truncated_normal').replace(/_/g, '').toLowerCase();
  if (!(key in distributions)) throw node.wrong('"normal", "uniform" or "truncated_normal"');
  return distributions[key as keyof typeof distributions];
}
