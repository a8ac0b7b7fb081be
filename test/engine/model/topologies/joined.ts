import { conv, dense, graph, head, l, type Case, type Sym } from './parts';

/** Networks whose tensors are added, joined or read twice. */
export const JOINED: Case[] = [
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
];
