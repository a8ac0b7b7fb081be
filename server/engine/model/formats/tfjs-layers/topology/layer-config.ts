import type { FinePruneError } from '../../../../../protocol/errors';
import type { KerasOp } from './keras-layer';
import type { JsonNode } from '../json';
import {
  activation,
  channelsLast,
  convolution,
  inputShape,
  MAX_SIDE,
  MAX_UNITS,
  padding,
  rate,
  ungrouped,
} from './layer-fields';

const UNSUPPORTED_TODO =
  'Fine-Prune reads image classifiers of Dense, Conv2D, DepthwiseConv2D, pooling, BatchNormalization, Dropout, activation, Flatten, Reshape, ZeroPadding2D, Add and Concatenate layers.';

/** One reader a layer class. Each takes the layer's `config`. */
const READERS: Record<string, (config: JsonNode) => KerasOp> = {
  InputLayer: (c) => ({
    kind: 'input',
    shape: inputShape(c.at('batch_input_shape').present ? c.at('batch_input_shape') : c.at('batch_shape')),
  }),
  Dense: (c) => ({
    kind: 'dense',
    units: c.at('units').integer(1, MAX_UNITS),
    useBias: c.at('use_bias').boolean(true),
    activation: activation(c.at('activation')),
  }),
  Conv2D: (c) => {
    channelsLast(c);
    ungrouped(c);
    return { kind: 'conv2d', filters: c.at('filters').integer(1, MAX_UNITS), ...convolution(c) };
  },
  DepthwiseConv2D: (c) => {
    channelsLast(c);
    ungrouped(c);
    return { kind: 'depthwise', multiplier: c.at('depth_multiplier').integer(1, MAX_UNITS, 1), ...convolution(c) };
  },
  MaxPooling2D: (c) => pool(c, 'max'),
  AveragePooling2D: (c) => pool(c, 'average'),
  GlobalMaxPooling2D: (c) => globalPool(c, 'max'),
  GlobalAveragePooling2D: (c) => globalPool(c, 'average'),
  // The axis is checked with the shapes: it may be written as 3, -1 or [3].
  BatchNormalization: (c) => ({
    kind: 'batchNorm',
    momentum: c.at('momentum').number(0.99, 'a number from 0 to 1', (n) => n >= 0 && n <= 1),
    epsilon: c.at('epsilon').number(0.001, 'a number of at least 0', (n) => n >= 0),
    center: c.at('center').boolean(true),
    scale: c.at('scale').boolean(true),
  }),
  Dropout: (c) => {
    if (c.at('noise_shape').present)
      throw c
        .at('noise_shape')
        .refuse(
          'model.unsupportedLayer',
          `${c.what}: Dropout with a "noise_shape" is not supported.`,
          'Use SpatialDropout2D, or plain Dropout.',
        );
    return { kind: 'dropout', rate: rate(c), spatial: false };
  },
  SpatialDropout2D: (c) => {
    channelsLast(c);
    return { kind: 'dropout', rate: rate(c), spatial: true };
  },
  GaussianNoise: (c) => ({
    kind: 'gaussianNoise',
    deviation: c.at('stddev').number(undefined, 'a number of at least 0', (n) => n >= 0),
  }),
  GaussianDropout: (c) => ({ kind: 'gaussianDropout', rate: rate(c) }),
  Activation: (c) => ({ kind: 'activation', activation: activation(c.at('activation')) }),
  ReLU: (c) => {
    for (const field of ['negative_slope', 'threshold']) {
      if (c.at(field).number(0) !== 0)
        throw c
          .at(field)
          .refuse(
            'model.unsupportedLayer',
            `${c.what}: ReLU with "${field}" is not supported.`,
            'Use LeakyReLU for a slope below zero.',
          );
    }
    return {
      kind: 'relu',
      max: c.at('max_value').present
        ? c.at('max_value').number(undefined, 'a number of at least 0', (n) => n >= 0)
        : null,
    };
  },
  // Keras 3 renamed alpha.
  LeakyReLU: (c) => ({
    kind: 'leakyRelu',
    slope: (c.at('negative_slope').present ? c.at('negative_slope') : c.at('alpha')).number(0.3),
  }),
  ELU: (c) => {
    if (c.at('alpha').number(1) !== 1)
      throw c
        .at('alpha')
        .refuse(
          'model.unsupportedLayer',
          `${c.what}: ELU with alpha ${c.at('alpha').value} is not supported, TF.js knows only 1.`,
          'Use ELU with alpha 1.',
        );
    return { kind: 'elu' };
  },
  PReLU: (c) => ({
    kind: 'prelu',
    sharedAxes: c.at('shared_axes').present
      ? c
          .at('shared_axes')
          .items()
          .map((axis) => axis.integer(1, 8))
      : [],
  }),
  Softmax: () => ({ kind: 'activation', activation: 'softmax' }),
  Rescaling: (c) => ({ kind: 'rescaling', scale: c.at('scale').number(), offset: c.at('offset').number(0) }),
  Flatten: (c) => {
    channelsLast(c);
    return { kind: 'flatten' };
  },
  Reshape: (c) => ({
    kind: 'reshape',
    target: c
      .at('target_shape')
      .items()
      .map((size) => size.integer(-1, MAX_UNITS)),
  }),
  ZeroPadding2D: (c) => {
    channelsLast(c);
    return zeroPadding(c.at('padding'));
  },
  Add: () => ({ kind: 'add' }),
  Concatenate: () => ({ kind: 'concatenate' }),
};

/**
 * Reads one layer's class and config.
 * @throws FinePruneError `model.lambda`, `model.unsupportedLayer`, `model.groupedConvolution`, `model.channelsFirst`,
 *   `model.unsupportedActivation`, `model.badTopology`
 */
export function readLayer(className: JsonNode, config: JsonNode): KerasOp {
  const name = className.string();
  if (name === 'Lambda') {
    throw className.refuse(
      'model.lambda',
      `${config.what} is a Lambda layer: it holds program code, which is never run.`,
      'Replace the Lambda layer with ordinary layers and export the model again.',
    );
  }
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
  if (isModelClass(name)) throw nestedModel(className, config);
  if (!read)
    throw className.refuse(
      'model.unsupportedLayer',
      `${config.what} is of the class ${name.slice(0, 80)}, which is not supported.`,
      UNSUPPORTED_TODO,
    );
  config.object();
  return read(config);
}

/** Whether a class of the file is that of a whole model. */
export function isModelClass(name: unknown): boolean {
  return name === 'Sequential' || name === 'Functional' || name === 'Model';
}

/** A model inside the model, as Teachable Machine and transfer learning export it. */
export function nestedModel(className: JsonNode, config: JsonNode): FinePruneError {
  return className.refuse(
    'model.unsupportedLayer',
    `The file is a nested model: ${config.what} is itself a model inside the model (${String(className.value)}), as Teachable Machine and transfer learning export it. This version does not open models with inner models.`,
    'Export the model with its inner layers written out: in Keras, call them one after another in a new model, and save that.',
  );
}

function pool(c: JsonNode, how: 'max' | 'average'): KerasOp {
  channelsLast(c);
  const size = c.at('pool_size').pair(1, MAX_SIDE, [2, 2]);
  return {
    kind: 'pool',
    how,
    size,
    strides: c.at('strides').pair(1, MAX_SIDE, size),
    padding: padding(c.at('padding')),
  };
}

function globalPool(c: JsonNode, how: 'max' | 'average'): KerasOp {
  channelsLast(c);
  if (c.at('keepdims').boolean(false))
    throw c
      .at('keepdims')
      .refuse(
        'model.unsupportedLayer',
        `${c.what}: global pooling with "keepdims" is not supported.`,
        'Export the model with keepdims=False.',
      );
  return { kind: 'globalPool', how };
}

function zeroPadding(node: JsonNode): KerasOp {
  if (!node.present) return { kind: 'zeroPadding', vertical: [1, 1], horizontal: [1, 1] };
  if (Array.isArray(node.value) && node.value.length === 2) {
    const [vertical, horizontal] = node.items() as [JsonNode, JsonNode];
    return { kind: 'zeroPadding', vertical: vertical.pair(0, MAX_SIDE), horizontal: horizontal.pair(0, MAX_SIDE) };
  }
  const all = node.pair(0, MAX_SIDE);
  return { kind: 'zeroPadding', vertical: all, horizontal: all };
}
