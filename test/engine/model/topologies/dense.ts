import * as L from '@tensorflow/tfjs-layers';
import { dense, head, IMAGE, l, row, type Case } from './parts';

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

/** Dense layers as the one that is pruned. */
export const DENSE: Case[] = [
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
];
