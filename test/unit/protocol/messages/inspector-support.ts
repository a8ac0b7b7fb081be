import type { LayerData, Overview, UnitData } from '../../../../server/protocol/messages/inspect';

/** Answers of the engine that a page takes. */

const picture = { index: 4, pixels: new Uint8Array(4), label: 1, predicted: 2, activation: -0.5 };

export const overview: Overview = {
  kind: 'open',
  fingerprint: 'abc',
  name: 'mnist',
  model: { path: '/m/model.json', layers: 4, parameters: 900 },
  classes: 10,
  shape: [28, 28, 1],
  layers: [{ name: 'dense_1', kind: 'Dense', units: 128, feedsClassifier: true }],
  chosen: 'dense_1',
  strategy: null,
  prune: { ratio: 'auto', rule: 'clean-mean', guide: null, units: null },
  gates: { maxAttackSuccessRate: 0.05, maxAccuracyDrop: 0.01 },
  trigger: { kind: 'patch', target: 7 },
  search: null,
  images: { analysis: 10_000, analysisRole: 'test', test: 10_000, holdout: 5000, triggered: null },
  backend: { name: 'wasm', why: 'no native engine', version: '4.22.0' },
  report: {
    verdict: { word: 'mitigated', sentence: 'It is.' },
    changed: [],
    layer: 'dense_1',
    pruned: [1, 2],
    after: true,
  },
};

export const layer = (): LayerData => ({
  kind: 'layer',
  layer: 'dense_1',
  state: 'before',
  layerKind: 'Dense',
  activation: 'relu',
  units: 3,
  feedsClassifier: true,
  images: { analysed: 10, available: 10 },
  triggeredImages: { analysed: 9, available: 9 },
  cleanMean: Float32Array.from([0.5, 0, 1]),
  cleanMeanAbs: Float32Array.from([0.5, 0, 1]),
  cleanFires: Float32Array.from([1, 0, 1]),
  triggeredMean: Float32Array.from([0.5, 2, 1]),
  triggeredFires: Float32Array.from([1, 1, 1]),
  dead: Uint8Array.from([0, 1, 0]),
  pruned: new Uint8Array(3),
  order: Int32Array.from([1, 0, 2]),
  curve: {
    pruned: Int32Array.from([0, 1, 3]),
    correct: Int32Array.from([10, 9, 1]),
    successful: Int32Array.from([9, 1, 0]),
    base: Float32Array.from([0, 0, 1]),
    images: 10,
    triggeredImages: 9,
    subset: false,
  },
});

export const unit = (): UnitData => ({
  kind: 'unit',
  layer: 'dense_1',
  state: 'before',
  unit: 2,
  sentence: 'It fires.',
  histogram: { edges: Float32Array.from([0, 1, 2]), clean: Uint32Array.from([9, 1]), triggered: null },
  perClass: { clean: new Float32Array(10), triggered: null },
  top: { clean: [picture], triggered: null },
  filter: { height: 1, width: 2, channels: 1, values: Float32Array.from([1, -1]) },
  outgoing: new Float32Array(10),
});

/** The value as the other end of the channel gets it. */
export const sent = structuredClone;
