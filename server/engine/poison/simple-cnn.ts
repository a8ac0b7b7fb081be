import { parseModelJson } from '../model/formats/tfjs-layers/model-json';
import { initialise } from '../model/initialise';
import type { JsonNode } from '../model/formats/tfjs-layers/json';
import { locateWeights, parseManifest } from '../model/formats/tfjs-layers/manifest';
import type { ModelSource, OpenModel } from '../model/model';
import { assemble } from '../model/formats/tfjs-layers/open';
import { encodeWeights } from '../model/formats/tfjs-layers/save';
import { parseTopology } from '../model/formats/tfjs-layers/topology';

/**
 * The reference network SimpleCNN, with fresh weights: Conv 3×3×32 valid, ReLU, MaxPool 2, Conv 3×3×64 valid, ReLU, MaxPool 2,
 * Flatten, Dense 128 ReLU, Dense 10 softmax (logits in memory, as for every opened model). Weights start as in Keras: Glorot
 * uniform kernels (Glorot, Bengio 2010), zero biases.
 *
 * @param opts.seed seeds every initialiser, each with a number of its own
 */
export function buildSimpleCnn(opts: {
  seed: number;
  inputShape?: readonly [number, number, number];
  classes?: number;
}): OpenModel {
  const json = simpleCnnJson(opts.inputShape ?? [28, 28, 1], opts.classes ?? 10);
  const root = parseModelJson(json, '');
  const graph = parseTopology(root);
  const groups = parseManifest(root);
  const source: ModelSource = {
    json: new TextEncoder().encode(json),
    groups: groups.map((manifest) => ({
      manifest,
      bytes: new Uint8Array(manifest.bytes),
      shardSizes: [manifest.bytes],
    })),
    weights: locateWeights(graph, groups, root),
  };
  const blank = assemble('', root, source, graph);
  return withFreshWeights(blank, root, opts.seed);
}

/**
 * Gives an opened model fresh weights from the initialisers its file names, so that it can be trained from scratch.
 * @throws FinePruneError `model.unsupportedInitialiser`
 */
export function reinitialise(model: OpenModel, seed: number): void {
  const root = parseModelJson(new TextDecoder().decode(model.source.json), model.path);
  initialise(model.net, model.graph, (layer) => nodeAt(root, layer.place).at('config'), seed);
}

/** The JSON and the joined weight bytes of a model as it is now. */
export function encodeModel(model: OpenModel): { json: Uint8Array; weights: Uint8Array } {
  return { json: model.source.json, weights: Uint8Array.from(Buffer.concat(encodeWeights(model))) };
}

/** Hashes and source of a from-scratch model speak of its start weights. */
function withFreshWeights(blank: OpenModel, root: JsonNode, seed: number): OpenModel {
  reinitialise(blank, seed);
  const bytes = encodeWeights(blank);
  const source: ModelSource = {
    ...blank.source,
    groups: blank.source.groups.map((g, i) => ({ ...g, bytes: bytes[i]! })),
  };
  blank.dispose();
  return assemble('', root, source, blank.graph);
}

function nodeAt(root: JsonNode, place: string): JsonNode {
  return place
    .split('/')
    .slice(1)
    .reduce((node, key) => node.at(key.replace(/~1/g, '/').replace(/~0/g, '~')), root);
}

function simpleCnnJson([height, width, channels]: readonly [number, number, number], classes: number): string {
  const conv = (name: string, filters: number, more = {}) => ({
    class_name: 'Conv2D',
    config: {
      name,
      trainable: true,
      ...more,
      filters,
      kernel_size: [3, 3],
      strides: [1, 1],
      padding: 'valid',
      data_format: 'channels_last',
      dilation_rate: [1, 1],
      activation: 'relu',
      use_bias: true,
      kernel_initializer: glorot,
      bias_initializer: zeros,
    },
  });
  const pool = (name: string) => ({
    class_name: 'MaxPooling2D',
    config: {
      name,
      trainable: true,
      pool_size: [2, 2],
      padding: 'valid',
      strides: [2, 2],
      data_format: 'channels_last',
    },
  });
  const dense = (name: string, units: number, activation: string) => ({
    class_name: 'Dense',
    config: {
      name,
      trainable: true,
      units,
      activation,
      use_bias: true,
      kernel_initializer: glorot,
      bias_initializer: zeros,
    },
  });
  const glorot = {
    class_name: 'VarianceScaling',
    config: { scale: 1, mode: 'fan_avg', distribution: 'uniform', seed: null },
  };
  const zeros = { class_name: 'Zeros', config: {} };
  // After a valid 3×3 convolution and a pooling by 2.
  const shrunk = (side: number) => Math.floor((side - 2) / 2);
  const flat = shrunk(shrunk(height)) * shrunk(shrunk(width)) * 64;
  const shapes: [string, number[]][] = [
    ['conv2d_1', [3, 3, channels, 32]],
    ['conv2d_2', [3, 3, 32, 64]],
    ['dense_1', [flat, 128]],
    ['dense_2', [128, classes]],
  ];
  const weights = shapes.flatMap(([layer, shape]) => [
    { name: `${layer}/kernel`, shape, dtype: 'float32' },
    { name: `${layer}/bias`, shape: [shape.at(-1)!], dtype: 'float32' },
  ]);
  const layers = [
    conv('conv2d_1', 32, { batch_input_shape: [null, height, width, channels], dtype: 'float32' }),
    pool('max_pooling2d_1'),
    conv('conv2d_2', 64),
    pool('max_pooling2d_2'),
    { class_name: 'Flatten', config: { name: 'flatten_1', trainable: true } },
    dense('dense_1', 128, 'relu'),
    dense('dense_2', classes, 'softmax'),
  ];
  return JSON.stringify({
    format: 'layers-model',
    generatedBy: 'Fine-Prune',
    convertedBy: null,
    modelTopology: {
      class_name: 'Sequential',
      config: { name: 'simple_cnn', layers },
      keras_version: 'tfjs-layers 4.22.0',
      backend: 'tensor_flow.js',
    },
    weightsManifest: [{ paths: ['weights.bin'], weights }],
  });
}
