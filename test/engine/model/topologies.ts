import * as L from '@tensorflow/tfjs-layers';

type Layer = InstanceType<typeof L.layers.Layer>;
type Sym = L.SymbolicTensor;

/** A network with what is known of it beforehand. */
export interface Case {
  name: string;
  build: () => L.LayersModel;
  /** Layer to name; left out: the penultimate layer. */
  named?: string;
  site: {
    layer: string;
    kind: string;
    units: number;
    activation: string;
    tap: string;
    feedsClassifier: boolean;
    canBeNegative: boolean;
  };
  /** Layers whose weights are held at zero, beside the units' own. */
  outgoing: string[];
}

const IMAGE = [8, 8, 2];
const l = L.layers;
const dense = (name: string, units: number, activation?: string) =>
  l.dense({ name, units, activation: activation as 'relu' });
const conv = (name: string, filters: number, activation?: string, more = {}) =>
  l.conv2d({ name, filters, kernelSize: 3, activation: activation as 'relu', ...more });
const head = () => dense('classes', 4, 'softmax');

/** A functional model of layers in a row. */
function row(...layers: Layer[]): L.LayersModel {
  const x = L.input({ shape: IMAGE, name: 'image' });
  return L.model({ inputs: x, outputs: layers.reduce((at, layer) => layer.apply(at) as Sym, x) });
}

function graph(build: (x: Sym) => Sym): L.LayersModel {
  const x = L.input({ shape: IMAGE, name: 'image' });
  return L.model({ inputs: x, outputs: build(x) });
}

const denseWith = (activation: string, outgoing: string[], canBeNegative: boolean): Case => ({
  name: `Dense with ${activation}`,
  build: () => row(l.flatten({ name: 'flat' }), dense('hidden', 12, activation), head()),
  site: {
    layer: 'hidden',
    kind: 'Dense',
    units: 12,
    activation: activation === 'hardSigmoid' ? 'hard_sigmoid' : activation,
    tap: 'hidden',
    feedsClassifier: true,
    canBeNegative,
  },
  outgoing,
});

export const CASES: Case[] = [
  denseWith('relu', [], false),
  denseWith('tanh', [], true),
  denseWith('elu', [], true),
  denseWith('selu', [], true),
  denseWith('swish', [], true),
  denseWith('gelu', [], true),
  denseWith('gelu_new', [], true),
  denseWith('mish', [], true),
  denseWith('relu6', [], false),
  denseWith('softsign', [], true),
  denseWith('linear', [], true),
  denseWith('sigmoid', ['classes'], false),
  denseWith('softplus', ['classes'], false),
  denseWith('hardSigmoid', ['classes'], false),
  {
    name: 'Sequential, Dense → BatchNorm → Activation → Dropout → Dense, softmax as a layer',
    build: () =>
      L.sequential({
        layers: [
          l.flatten({ name: 'flat', inputShape: IMAGE }),
          dense('hidden', 12),
          l.batchNormalization({ name: 'norm' }),
          l.activation({ name: 'act', activation: 'relu' }),
          l.dropout({ name: 'drop', rate: 0.4 }),
          dense('classes', 4),
          l.softmax({ name: 'probabilities' }),
        ],
      }),
    site: {
      layer: 'hidden',
      kind: 'Dense',
      units: 12,
      activation: 'relu',
      tap: 'act',
      feedsClassifier: true,
      canBeNegative: false,
    },
    outgoing: [],
  },
  {
    name: 'Dense → BatchNorm → sigmoid',
    build: () =>
      row(
        l.flatten({ name: 'flat' }),
        dense('hidden', 12),
        l.batchNormalization({ name: 'norm' }),
        l.activation({ name: 'act', activation: 'sigmoid' }),
        dense('classes', 4),
      ),
    site: {
      layer: 'hidden',
      kind: 'Dense',
      units: 12,
      activation: 'sigmoid',
      tap: 'act',
      feedsClassifier: true,
      canBeNegative: false,
    },
    outgoing: ['classes'],
  },
  {
    name: 'Dense relu → BatchNorm without gamma',
    build: () =>
      row(
        l.flatten({ name: 'flat' }),
        dense('hidden', 12, 'relu'),
        l.batchNormalization({ name: 'norm', scale: false }),
        head(),
      ),
    site: {
      layer: 'hidden',
      kind: 'Dense',
      units: 12,
      activation: 'relu',
      tap: 'norm',
      feedsClassifier: true,
      canBeNegative: true,
    },
    outgoing: [],
  },
  {
    name: 'Dense sigmoid → BatchNorm without gamma',
    build: () =>
      row(
        l.flatten({ name: 'flat' }),
        dense('hidden', 12, 'sigmoid'),
        l.batchNormalization({ name: 'norm', scale: false }),
        head(),
      ),
    site: {
      layer: 'hidden',
      kind: 'Dense',
      units: 12,
      activation: 'sigmoid',
      tap: 'norm',
      feedsClassifier: true,
      canBeNegative: true,
    },
    outgoing: ['classes'],
  },
  {
    name: 'Dense sigmoid → BatchNorm with gamma',
    build: () =>
      row(l.flatten({ name: 'flat' }), dense('hidden', 12, 'sigmoid'), l.batchNormalization({ name: 'norm' }), head()),
    site: {
      layer: 'hidden',
      kind: 'Dense',
      units: 12,
      activation: 'sigmoid',
      tap: 'norm',
      feedsClassifier: true,
      canBeNegative: true,
    },
    outgoing: [],
  },
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
  {
    name: 'residual: Add → ReLU → GlobalAveragePooling → Dense',
    build: () =>
      graph((x) => {
        const stem = conv('stem', 6, 'relu', { padding: 'same' }).apply(x) as Sym;
        const inner = conv('inner', 6, undefined, { padding: 'same' }).apply(stem) as Sym;
        const sum = l.add({ name: 'sum' }).apply([inner, stem]) as Sym;
        const act = l.activation({ name: 'act', activation: 'relu' }).apply(sum) as Sym;
        return head().apply(l.globalAveragePooling2d({ name: 'pool', dataFormat: 'channelsLast' }).apply(act)) as Sym;
      }),
    site: {
      layer: 'sum',
      kind: 'Add',
      units: 6,
      activation: 'relu',
      tap: 'act',
      feedsClassifier: false,
      canBeNegative: false,
    },
    outgoing: ['classes'],
  },
  {
    name: 'residual, pre-activation: Add → BatchNorm → ReLU → Dropout → Flatten → Dense',
    build: () =>
      graph((x) => {
        const stem = conv('stem', 6, undefined, { padding: 'same' }).apply(x) as Sym;
        const inner = conv('inner', 6, undefined, { padding: 'same' }).apply(stem) as Sym;
        const sum = l.add({ name: 'sum' }).apply([inner, stem]) as Sym;
        const act = l.reLU({ name: 'act' }).apply(l.batchNormalization({ name: 'norm' }).apply(sum)) as Sym;
        return head().apply(
          l.flatten({ name: 'flat' }).apply(l.dropout({ name: 'drop', rate: 0.3 }).apply(act)),
        ) as Sym;
      }),
    site: {
      layer: 'sum',
      kind: 'Add',
      units: 6,
      activation: 'relu',
      tap: 'act',
      feedsClassifier: false,
      canBeNegative: false,
    },
    outgoing: ['classes'],
  },
  {
    name: 'residual of vectors: Add → Dense',
    build: () =>
      graph((x) => {
        const a = dense('a', 9, 'relu').apply(l.flatten({ name: 'flat' }).apply(x)) as Sym;
        const sum = l.add({ name: 'sum' }).apply([dense('b', 9, 'tanh').apply(a) as Sym, a]) as Sym;
        return head().apply(sum) as Sym;
      }),
    site: {
      layer: 'sum',
      kind: 'Add',
      units: 9,
      activation: 'linear',
      tap: 'sum',
      feedsClassifier: true,
      canBeNegative: true,
    },
    outgoing: ['classes'],
  },
  {
    name: 'a convolution inside a residual block, named',
    build: () =>
      graph((x) => {
        const stem = conv('stem', 6, 'relu', { padding: 'same' }).apply(x) as Sym;
        const inner = l
          .batchNormalization({ name: 'norm' })
          .apply(conv('inner', 6, undefined, { padding: 'same' }).apply(stem)) as Sym;
        const sum = l.add({ name: 'sum' }).apply([inner, stem]) as Sym;
        return head().apply(l.flatten({ name: 'flat' }).apply(sum)) as Sym;
      }),
    named: 'inner',
    site: {
      layer: 'inner',
      kind: 'Conv2D',
      units: 6,
      activation: 'linear',
      tap: 'norm',
      feedsClassifier: false,
      canBeNegative: true,
    },
    outgoing: [],
  },
  {
    name: 'a stem that two layers read, named: the tail needs another tensor',
    build: () =>
      graph((x) => {
        const stem = conv('stem', 6, 'relu', { padding: 'same' }).apply(x) as Sym;
        const side = conv('side', 6, 'relu', { padding: 'same' }).apply(x) as Sym;
        const inner = conv('inner', 6, undefined, { padding: 'same' }).apply(stem) as Sym;
        const sum = l.add({ name: 'sum' }).apply([inner, stem, side]) as Sym;
        return head().apply(l.flatten({ name: 'flat' }).apply(sum)) as Sym;
      }),
    named: 'stem',
    site: {
      layer: 'stem',
      kind: 'Conv2D',
      units: 6,
      activation: 'relu',
      tap: 'stem',
      feedsClassifier: false,
      canBeNegative: false,
    },
    outgoing: [],
  },
  {
    name: 'a sigmoid convolution behind a Concatenate, named (offset of channels)',
    build: () =>
      graph((x) => {
        const a = conv('a', 5, 'relu').apply(x) as Sym;
        const b = conv('b', 6, 'sigmoid').apply(x) as Sym;
        const joined = l.concatenate({ name: 'joined' }).apply([a, b]) as Sym;
        const pooled = l.maxPooling2d({ name: 'pool', poolSize: 2 }).apply(joined) as Sym;
        const hidden = dense('hidden', 8, 'relu').apply(l.flatten({ name: 'flat' }).apply(pooled)) as Sym;
        return head().apply(hidden) as Sym;
      }),
    named: 'b',
    site: {
      layer: 'b',
      kind: 'Conv2D',
      units: 6,
      activation: 'sigmoid',
      tap: 'b',
      feedsClassifier: false,
      canBeNegative: false,
    },
    outgoing: ['hidden'],
  },
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
