import { JsonNode } from '../../../server/engine/model/formats/tfjs-layers/json';
import { parseTopology } from '../../../server/engine/model/formats/tfjs-layers/topology/topology';
import type { Chance } from '../chance';

/** Height and width of the images that these networks take. */
export const SIDE = 8;
export const CLASSES = 3;

interface Layer {
  class_name: string;
  config: Record<string, unknown>;
  name?: string;
  inbound_nodes?: unknown;
}

const layer = (class_name: string, name: string, config: object = {}): Layer => ({
  class_name,
  config: { name, ...config },
});

const dense = (name: string, units: number, activation: string): Layer =>
  layer('Dense', name, { units, activation, use_bias: true });
const conv = (name: string, filters: number, more: object = {}): Layer =>
  layer('Conv2D', name, {
    filters,
    kernel_size: [3, 3],
    strides: [1, 1],
    padding: 'same',
    activation: 'relu',
    use_bias: true,
    ...more,
  });

/** The plainest network that can be defended. */
export function plainNetwork(): object {
  const [first, ...others] = [
    conv('conv_1', 4),
    layer('Flatten', 'flatten'),
    dense('dense_1', 6, 'relu'),
    dense('dense_2', CLASSES, 'softmax'),
  ];
  first!.config['batch_input_shape'] = [null, SIDE, SIDE, 1];
  return { class_name: 'Sequential', config: { name: 'plain', layers: [first, ...others] } };
}

/**
 * Weights of the plain network that see a bright square in the left, middle or right third: a filter that copies, a unit for each third,
 * two units for each class.
 */
export function plainWeights(id: string, at: number): number {
  if (id === 'conv_1/kernel') return at === 4 * 4 ? 1 : 0.01 * (at % 3);
  if (id === 'dense_1/kernel') {
    const [unit, filter, x] = [at % 6, Math.floor(at / 6) % 4, Math.floor(at / 24) % SIDE];
    return filter === 0 ? (Math.floor(x / 3) === unit % CLASSES ? 0.3 : -0.1) : 0.001;
  }
  if (id === 'dense_2/kernel') return Math.floor(at / CLASSES) % CLASSES === at % CLASSES ? 1 : -0.2;
  return 0;
}

/** A network of some layers, one after the other, drawn from all that are read. */
export function drawnNetwork(chance: Chance): object {
  const layers: Layer[] = [
    layer('InputLayer', 'images', { batch_input_shape: [null, SIDE, SIDE, 1], dtype: 'float32' }),
  ];
  const add = (one: Layer): void => void layers.push(one);
  for (let at = chance.between(1, 3); at > 0; at--) add(chance.pick(IMAGE_LAYERS)(`layer_${layers.length}`, chance));
  add(
    chance.happens(0.6)
      ? layer('Flatten', 'flatten')
      : layer(chance.pick(['GlobalAveragePooling2D', 'GlobalMaxPooling2D']), 'global'),
  );
  if (chance.happens(0.6))
    add(dense('hidden', chance.between(1, 8), chance.pick(['relu', 'tanh', 'linear', 'sigmoid'])));
  if (chance.happens(0.3)) add(layer('Dropout', 'dropout', { rate: 0.5 }));
  add(dense('classes', CLASSES, chance.happens(0.8) ? 'softmax' : 'linear'));
  return chance.happens(0.5) ? sequential(layers) : functional(layers, chance);
}

const IMAGE_LAYERS: readonly ((name: string, chance: Chance) => Layer)[] = [
  (name, chance) => conv(name, chance.between(1, 6), { padding: chance.pick(['same', 'valid']) }),
  (name, chance) =>
    conv(name, chance.between(1, 6), { activation: 'linear', use_bias: chance.happens(0.5), dilation_rate: [1, 1] }),
  (name) =>
    layer('DepthwiseConv2D', name, {
      kernel_size: [3, 3],
      depth_multiplier: 2,
      padding: 'same',
      use_bias: true,
      activation: 'relu',
    }),
  (name) => layer('BatchNormalization', name, { axis: -1, momentum: 0.9, epsilon: 0.001, center: true, scale: true }),
  (name) => layer('MaxPooling2D', name, { pool_size: [2, 2], strides: [1, 1], padding: 'same' }),
  (name) => layer('AveragePooling2D', name, { pool_size: [2, 2], strides: [1, 1], padding: 'same' }),
  (name) =>
    layer('ZeroPadding2D', name, {
      padding: [
        [1, 1],
        [1, 1],
      ],
    }),
  (name) => layer('LeakyReLU', name, { alpha: 0.1 }),
  (name) => layer('PReLU', name, { shared_axes: [1, 2] }),
  (name) => layer('Rescaling', name, { scale: 0.5, offset: 0.1 }),
  (name) => layer('SpatialDropout2D', name, { rate: 0.2 }),
];

function sequential([input, first, ...others]: Layer[]): object {
  const begun = { ...first!, config: { ...first!.config, batch_input_shape: input!.config['batch_input_shape'] } };
  return { class_name: 'Sequential', config: { name: 'drawn', layers: [begun, ...others] } };
}

/** The same as a graph, with a detour around a layer that keeps the shape, where the chance wants it. */
function functional(layers: Layer[], chance: Chance): object {
  const names = layers.map(({ config }) => config['name'] as string);
  const inbound = layers.map((one, at) => ({
    ...one,
    name: names[at]!,
    inbound_nodes: at === 0 ? [] : [[[names[at - 1], 0, 0, {}]]],
  }));
  const norm = inbound.findIndex(({ class_name }) =>
    /^(BatchNormalization|LeakyReLU|PReLU|Rescaling)$/.test(class_name),
  );
  if (norm > 0 && chance.happens(0.7)) {
    const sum = {
      ...layer(chance.pick(['Add', 'Concatenate']), 'joined'),
      name: 'joined',
      inbound_nodes: [
        [
          [names[norm - 1], 0, 0, {}],
          [names[norm], 0, 0, {}],
        ],
      ],
    };
    inbound.splice(norm + 1, 0, sum);
    inbound[norm + 2]!.inbound_nodes = [[['joined', 0, 0, {}]]];
  }
  return {
    class_name: chance.pick(['Model', 'Functional']),
    config: { name: 'drawn', layers: inbound, input_layers: [[names[0], 0, 0]], output_layers: [[names.at(-1), 0, 0]] },
  };
}

export interface NetworkFiles {
  /** model.json, not yet as text. */
  readonly json: { modelTopology: object; weightsManifest: { paths: string[]; weights: object[] }[]; format: string };
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** A network as model.json and weights that fit it. @param cuts into how many groups of how many files each the weights go */
export function networkFiles(
  topology: object,
  chance: Chance,
  cuts = { groups: 1, files: 1 },
  weightOf: (id: string, at: number) => number = (id) =>
    // A variance is not below zero.
    (id.endsWith('variance') ? 0.5 : -0.5) + chance.integer(1000) / 1000,
): NetworkFiles {
  const { parameters } = parseTopology(new JsonNode({ modelTopology: topology }, 'model.json', '', 'The model file'));
  const files = new Map<string, Uint8Array>();
  const size = Math.ceil(parameters.length / cuts.groups) || 1;
  const weightsManifest = Array.from({ length: cuts.groups }, (_, group) => {
    const tensors = parameters.slice(group * size, (group + 1) * size);
    const values = tensors.map(({ id, shape }) => ({
      id,
      shape,
      floats: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => weightOf(id, at)),
    }));
    const bytes = Buffer.concat(values.map(({ floats }) => Buffer.from(floats.buffer)));
    const each = Math.ceil(bytes.length / cuts.files);
    const paths = Array.from({ length: cuts.files }, (_, at) => {
      const name = `weights-${group + 1}-${at + 1}.bin`;
      files.set(name, bytes.subarray(at * each, (at + 1) * each));
      return name;
    });
    return { paths, weights: values.map(({ id, shape }) => ({ name: id, shape: [...shape], dtype: 'float32' })) };
  });
  return { json: { modelTopology: topology, weightsManifest, format: 'layers-model' }, files };
}
