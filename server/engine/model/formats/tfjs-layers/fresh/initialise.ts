import { parametersOf } from '../../../graph';
import type { OpenModel } from '../../../model';
import { GLOROT_UNIFORM, initialValues, seedOf, ZEROS, type Initialiser } from '../../../initialisers';
import { isObject, type JsonNode } from '../json';
import type { WeightName } from '../topology/keras-layer';

/** Where a layer's config names each weight's initialiser, and Keras's default. */
const FIELDS: Record<WeightName, { field: string; fallback: string }> = {
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
 * @param root the whole model.json
 * @throws FinePruneError `model.unsupportedInitialiser`
 */
export function initialise({ graph, network }: OpenModel, root: JsonNode, seed: number): void {
  for (const layer of graph.layers) {
    const config = root.follow(layer.place).at('config');
    for (const { id, shape } of parametersOf(graph, layer)) {
      const { field, fallback } = FIELDS[id.slice(layer.label.length + 1) as WeightName];
      const initialiser = initialiserOf(config.at(field, `Layer "${layer.label}"`), fallback);
      network.write(id, initialValues(initialiser, shape, seedOf(seed, `initial ${id}`)));
    }
  }
}

/** By name, or `{class_name, config}`. Class names and function names differ in spelling only (GlorotUniform, glorot_uniform). */
function initialiserOf(node: JsonNode, fallback: string): Initialiser {
  const named = isObject(node.value) ? node.at('class_name') : node;
  const name = named.present ? named.string() : fallback;
  const config = isObject(node.value) && isObject(node.at('config').value) ? node.at('config') : node.literal({});
  const number = (key: string, otherwise: number) => config.at(key).number(otherwise);
  switch (name.replace(/_/g, '').toLowerCase()) {
    case 'zeros':
      return ZEROS;
    case 'ones':
      return { kind: 'constant', value: 1 };
    case 'constant':
      return { kind: 'constant', value: number('value', 0) };
    case 'randomuniform':
      return { kind: 'uniform', low: number('minval', -0.05), high: number('maxval', 0.05) };
    case 'randomnormal':
      return { kind: 'normal', mean: number('mean', 0), deviation: number('stddev', 0.05), truncated: false };
    case 'truncatednormal':
      return { kind: 'normal', mean: number('mean', 0), deviation: number('stddev', 0.05), truncated: true };
    case 'variancescaling':
      return scaled(number('scale', 1), mode(config.at('mode')), distribution(config.at('distribution')));
    case 'glorotuniform':
      return GLOROT_UNIFORM;
    case 'glorotnormal':
      return scaled(1, 'fanAvg', 'truncatedNormal');
    case 'heuniform':
      return scaled(2, 'fanIn', 'uniform');
    case 'henormal':
      return scaled(2, 'fanIn', 'truncatedNormal');
    case 'lecununiform':
      return scaled(1, 'fanIn', 'uniform');
    case 'lecunnormal':
      return scaled(1, 'fanIn', 'truncatedNormal');
    default:
      throw node.refuse(
        'model.unsupportedInitialiser',
        `${node.what} starts from the initialiser "${name}", which is not supported.`,
        'Use zeros, ones, constant, random_uniform, random_normal, truncated_normal, variance_scaling, glorot, he or lecun initialisers.',
      );
  }
}

type VarianceScaling = Extract<Initialiser, { kind: 'varianceScaling' }>;

function scaled(
  scale: number,
  mode: VarianceScaling['mode'],
  distribution: VarianceScaling['distribution'],
): Initialiser {
  return { kind: 'varianceScaling', scale, mode, distribution };
}

function mode(node: JsonNode): VarianceScaling['mode'] {
  const modes = { fanin: 'fanIn', fanout: 'fanOut', fanavg: 'fanAvg' } as const;
  const key = (node.present ? node.string() : 'fan_in').replace(/_/g, '').toLowerCase();
  if (!(key in modes)) throw node.wrong('"fan_in", "fan_out" or "fan_avg"');
  return modes[key as keyof typeof modes];
}

function distribution(node: JsonNode): VarianceScaling['distribution'] {
  const distributions = {
    // As TF.js has it.
    normal: 'truncatedNormal',
    untruncatednormal: 'truncatedNormal',
    uniform: 'uniform',
    truncatednormal: 'truncatedNormal',
  } as const;
  const key = (node.present ? node.string() : 'truncated_normal').replace(/_/g, '').toLowerCase();
  if (!(key in distributions)) throw node.wrong('"normal", "uniform" or "truncated_normal"');
  return distributions[key as keyof typeof distributions];
}
