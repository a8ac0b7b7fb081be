import { conv, dense, head, l, row, type Case } from './parts';

/** Convolutions in a row of layers. */
export const CONVOLUTIONS: Case[] = [
  {
    name: 'Conv2D → Flatten → Dense',
    build: () =>
      row(conv('conv', 6, 'relu'), l.maxPooling2d({ name: 'pool', poolSize: 2 }), l.flatten({ name: 'flat' }), head()),
    site: {
      layer: 'conv',
      kind: 'Conv2D',
      units: 6,
      activation: 'relu',
      tap: 'conv',
      feedsClassifier: false,
      canBeNegative: false,
    },
    outgoing: [],
  },
  {
    name: 'Conv2D sigmoid → pool → Flatten → Dense (rows r mod C)',
    build: () =>
      row(
        conv('conv', 6, 'sigmoid'),
        l.averagePooling2d({ name: 'pool', poolSize: 2 }),
        l.flatten({ name: 'flat' }),
        l.dropout({ name: 'drop', rate: 0.2 }),
        head(),
      ),
    site: {
      layer: 'conv',
      kind: 'Conv2D',
      units: 6,
      activation: 'sigmoid',
      tap: 'conv',
      feedsClassifier: false,
      canBeNegative: false,
    },
    outgoing: ['classes'],
  },
  {
    name: 'Conv2D → BatchNorm → ReLU → GlobalAveragePooling → Dense',
    build: () =>
      row(
        conv('conv', 6, undefined, { useBias: false, padding: 'same' }),
        l.batchNormalization({ name: 'norm' }),
        l.reLU({ name: 'act' }),
        l.globalAveragePooling2d({ name: 'pool', dataFormat: 'channelsLast' }),
        head(),
      ),
    site: {
      layer: 'conv',
      kind: 'Conv2D',
      units: 6,
      activation: 'relu',
      tap: 'act',
      feedsClassifier: false,
      canBeNegative: false,
    },
    outgoing: [],
  },
  {
    name: 'Conv2D → pool → relu: measured after the activation function',
    build: () =>
      row(
        conv('conv', 6),
        l.maxPooling2d({ name: 'pool', poolSize: 2 }),
        l.activation({ name: 'act', activation: 'relu' }),
        l.flatten({ name: 'flat' }),
        head(),
      ),
    site: {
      layer: 'conv',
      kind: 'Conv2D',
      units: 6,
      activation: 'relu',
      tap: 'act',
      feedsClassifier: false,
      canBeNegative: false,
    },
    outgoing: [],
  },
  {
    name: 'Conv2D relu → pool → BatchNorm → Conv2D, named',
    build: () =>
      row(
        conv('conv', 6, 'relu'),
        l.maxPooling2d({ name: 'pool', poolSize: 2 }),
        l.batchNormalization({ name: 'norm' }),
        conv('conv2', 5, 'relu', { kernelSize: 2 }),
        l.flatten({ name: 'flat' }),
        head(),
      ),
    named: 'conv',
    site: {
      layer: 'conv',
      kind: 'Conv2D',
      units: 6,
      activation: 'relu',
      tap: 'norm',
      feedsClassifier: false,
      canBeNegative: true,
    },
    outgoing: [],
  },
  {
    name: 'Conv2D → Flatten → BatchNorm → Dense: the unit is silenced behind the Flatten',
    build: () =>
      row(conv('conv', 6, 'relu'), l.flatten({ name: 'flat' }), l.batchNormalization({ name: 'norm' }), head()),
    site: {
      layer: 'conv',
      kind: 'Conv2D',
      units: 6,
      activation: 'relu',
      tap: 'norm',
      feedsClassifier: false,
      canBeNegative: true,
    },
    outgoing: [],
  },
  {
    name: 'Conv2D softplus, named, read by a Conv2D (input axis of the kernel)',
    build: () =>
      row(
        conv('conv', 6, 'softplus'),
        l.zeroPadding2d({ name: 'pad', padding: 1 }),
        conv('conv2', 5, 'relu'),
        l.globalMaxPooling2d({ name: 'pool', dataFormat: 'channelsLast' }),
        dense('hidden', 7, 'relu'),
        head(),
      ),
    named: 'conv',
    site: {
      layer: 'conv',
      kind: 'Conv2D',
      units: 6,
      activation: 'softplus',
      tap: 'conv',
      feedsClassifier: false,
      canBeNegative: false,
    },
    outgoing: ['conv2'],
  },
  {
    name: 'Conv2D sigmoid, named, read by a DepthwiseConv2D',
    build: () =>
      row(
        conv('conv', 6, 'sigmoid'),
        l.depthwiseConv2d({ name: 'depthwise', kernelSize: 2, depthMultiplier: 2 }),
        l.flatten({ name: 'flat' }),
        head(),
      ),
    named: 'conv',
    site: {
      layer: 'conv',
      kind: 'Conv2D',
      units: 6,
      activation: 'sigmoid',
      tap: 'conv',
      feedsClassifier: false,
      canBeNegative: false,
    },
    outgoing: ['depthwise'],
  },
];

/** Layers that do more than one thing. */
export const OTHER_LAYERS: Case[] = [
  {
    name: 'LeakyReLU, PReLU, ELU, Reshape, GaussianNoise',
    build: () =>
      row(
        conv('conv', 4, 'linear', { strides: 2 }),
        l.leakyReLU({ name: 'leaky', alpha: 0.1 }),
        conv('conv2', 6, undefined, { kernelSize: 2 }),
        l.prelu({ name: 'prelu', sharedAxes: [1, 2] }),
        l.reshape({ name: 'flat', targetShape: [24] }),
        l.gaussianNoise({ name: 'noise', stddev: 0.2 }),
        dense('hidden', 10),
        l.elu({ name: 'elu' }),
        head(),
      ),
    named: 'conv2',
    site: {
      layer: 'conv2',
      kind: 'Conv2D',
      units: 6,
      activation: 'prelu',
      tap: 'prelu',
      feedsClassifier: false,
      canBeNegative: true,
    },
    // In training, noise falls on silenced units too.
    outgoing: ['hidden'],
  },
];
