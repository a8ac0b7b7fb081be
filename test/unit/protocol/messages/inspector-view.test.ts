import assert from 'node:assert/strict';
import {
  parseInspectorState,
  parseToInspector,
  type InspectorState,
  type ToInspector,
} from '../../../../server/protocol/messages/inspector-view';
import { repairedReport } from '../../../fixtures/repaired-report';
import { overview, layer, unit, sent } from './inspector-support';
import { masksOf } from '../../../fixtures/scan-result';

const failure = { kind: 'engine', code: 'engine.crashed', message: 'The engine ended.' } as const;

const rate = { rate: 0.5, hits: 5, of: 10, low: 0.2, high: 0.8 };

const figures = { cleanAccuracy: rate, attackSuccessRate: rate, baseRate: rate, robustAccuracy: null };

const answer = (value: unknown): unknown => ({ type: 'answer', id: 3, answer: value });

const state: InspectorState = {
  version: 1,
  configUri: 'file:///a.fineprune.json',
  layer: null,
  state: 'after',
  unit: 3,
  sort: { by: 'order', descending: false },
  count: 12,
  selected: [0, 5],
  row: 9,
};

const with_ = <T extends object>(value: T, change: Partial<T>): T => ({ ...value, ...change });

describe('messages to the inspector', () => {
  const good: ToInspector[] = [
    { type: 'init', configUri: 'file:///a', name: 'mnist', trusted: true, reveal: { unit: 17 } },
    { type: 'init', configUri: 'file:///a', name: 'mnist', trusted: false, reveal: null },
    ...[overview, with_(overview, { report: null, trigger: null }), layer(), unit()].map((one): ToInspector => ({
      type: 'answer',
      id: 1,
      answer: one,
    })),
    {
      type: 'answer',
      id: 1,
      answer: { kind: 'limit', layer: 'dense_1', state: 'before', limit: null, smallest: null },
    },
    {
      type: 'answer',
      id: 1,
      answer: {
        kind: 'limit',
        layer: 'dense_1',
        state: 'before',
        limit: null,
        smallest: { pruned: 2, heldOut: { images: 9, triggeredImages: 8, successful: 0, correct: 9 } },
      },
    },
    {
      type: 'answer',
      id: 1,
      answer: with_(overview, {
        strategy: 'auto',
        trigger: { kind: 'inverted', target: 7 },
        search: { word: 'suspicious', sentence: 'Class 7.', taken: { norm: 4.2, success: rate, flagged: true } },
      }),
    },
    ...([null, { source: 'file', file: 'a.scan.json', scan: repairedReport('known').scan! }] as const).map(
      (found): ToInspector => ({ type: 'answer', id: 1, answer: { kind: 'scan', found } }),
    ),
    {
      type: 'answer',
      id: 1,
      answer: {
        kind: 'mask',
        layer: 'dense_1',
        state: 'before',
        units: 2,
        masked: figures,
        unmasked: figures,
        subset: true,
      },
    },
    {
      type: 'answer',
      id: 1,
      answer: {
        kind: 'examples',
        target: 7,
        examples: [
          {
            index: 0,
            label: 3,
            clean: new Uint8Array(4),
            triggered: new Uint8Array(4),
            before: { clean: 3, triggered: 7 },
            after: null,
          },
        ],
      },
    },
    { type: 'refused', id: 2, failure },
    { type: 'progress', id: 2, title: 'Analysing', overall: 1 },
    { type: 'changed' },
    { type: 'reveal', layer: 'dense_1' },
    { type: 'engine-ended', failure },
    { type: 'trusted' },
    { type: 'told', message: 'Wrote prune.ratio.', failed: false },
  ];
  for (const message of good) {
    it(`takes ${message.type === 'answer' ? `the answer ${message.answer.kind}` : message.type} as it is`, () =>
      assert.deepEqual(parseToInspector(sent(message)), message));
  }

  const bad: [string, unknown, RegExp][] = [
    ['what is no message', 'init', /a message to the inspector/],
    ['an unknown type', { type: 'other' }, /at type/],
    ['progress beyond its end', { type: 'progress', id: 2, title: '', overall: 1.5 }, /at overall/],
    [
      'an array of another length',
      answer(with_(layer(), { cleanFires: new Float32Array(2) })),
      /at answer: arrays without one entry per unit/,
    ],
    [
      'an array that came as JSON',
      answer({ ...layer(), cleanMean: [0.5, 0, 1] }),
      /at answer.cleanMean: expected Float32Array/,
    ],
    [
      'a mean that is not a number',
      answer(with_(layer(), { triggeredMean: Float32Array.from([0, NaN, 1]) })),
      /at answer.triggeredMean: a number that is not finite/,
    ],
    [
      'triggered figures of no images',
      answer(with_(layer(), { triggeredImages: null })),
      /triggered figures without images/,
    ],
    [
      'a unit twice in the order',
      answer(with_(layer(), { order: Int32Array.from([1, 1, 2]) })),
      /an order that does not contain every unit once/,
    ],
    ['more units than a layer may have', answer(with_(layer(), { units: 65_537 })), /at answer.units/],
    ['flags that are none', answer(with_(layer(), { dead: Uint8Array.from([0, 2, 0]) })), /at answer.dead/],
    [
      'a curve that falls back',
      answer(with_(layer(), { curve: with_(layer().curve, { pruned: Int32Array.from([0, 2, 1]) }) })),
      /at answer.curve: .*do not ascend/,
    ],
    [
      'a curve beyond the last unit',
      answer(with_(layer(), { curve: with_(layer().curve, { pruned: Int32Array.from([0, 1, 4]) }) })),
      /a curve beyond the last unit/,
    ],
    [
      'a base rate above 1',
      answer(with_(layer(), { curve: with_(layer().curve, { base: Float32Array.from([0, 2, 1]) }) })),
      /base rates that are not one share per point/,
    ],
    [
      'base rates that are not one a point',
      answer(with_(layer(), { curve: with_(layer().curve, { base: Float32Array.from([0, 1]) }) })),
      /base rates that are not one share per point/,
    ],
    [
      'more hits than images',
      answer(with_(layer(), { curve: with_(layer().curve, { correct: Int32Array.from([11, 9, 1]) }) })),
      /more hits than images/,
    ],
    [
      'bins that do not fit',
      answer(with_(unit(), { histogram: { edges: new Float32Array(2), clean: new Uint32Array(2), triggered: null } })),
      /bins and edges/,
    ],
    [
      'edges that do not ascend',
      answer(
        with_(unit(), {
          histogram: { edges: Float32Array.from([0, 2, 1]), clean: new Uint32Array(2), triggered: null },
        }),
      ),
      /edges that do not ascend/,
    ],
    [
      'a filter of another size',
      answer(with_(unit(), { filter: { height: 2, width: 2, channels: 1, values: new Float32Array(3) } })),
      /a filter whose size does not fit/,
    ],
    ['weights that are not one a class', answer(with_(unit(), { outgoing: new Float32Array(9) })), /not one per class/],
    [
      'a rate above 1',
      answer({
        kind: 'mask',
        layer: 'd',
        state: 'before',
        units: 2,
        masked: with_(figures, { cleanAccuracy: with_(rate, { rate: 2 }) }),
        unmasked: figures,
        subset: true,
      }),
      /at answer.masked.cleanAccuracy.rate/,
    ],
    [
      'a scan whose masks are no base64',
      answer({
        kind: 'scan',
        found: {
          source: 'file',
          file: 'a',
          scan: with_(repairedReport('known').scan!, {
            evidence: [
              {
                ...masksOf(repairedReport('known').scan),
                classes: masksOf(repairedReport('known').scan).classes.map((one) => ({
                  ...one,
                  estimate: { mask: '<b>', pattern: '' },
                })),
              },
            ],
          }),
        },
      }),
      /at answer.found.scan/,
    ],
    [
      'a scan from nowhere',
      answer({ kind: 'scan', found: { source: 'web', file: null, scan: repairedReport('known').scan! } }),
      /at answer.found.source/,
    ],
    ['an endless text', { type: 'told', message: 'x'.repeat(70_000), failed: false }, /at message/],
  ];
  for (const [what, message, reason] of bad)
    it(`refuses ${what}`, () => assert.throws(() => parseToInspector(sent(message)), reason));

  it('takes the largest layer', () => {
    const units = 65_536;
    const many = with_(layer(), {
      units,
      cleanMean: new Float32Array(units),
      cleanMeanAbs: new Float32Array(units),
      cleanFires: new Float32Array(units),
      triggeredMean: new Float32Array(units),
      triggeredFires: new Float32Array(units),
      dead: new Uint8Array(units),
      pruned: new Uint8Array(units),
      order: Int32Array.from({ length: units }, (_, i) => units - 1 - i),
    });
    const message = parseToInspector(answer(many));
    assert.ok(message.type === 'answer' && message.answer.kind === 'layer' && message.answer.units === units);
  });
});

describe("the inspector's state", () => {
  it('is taken as it was kept', () => assert.deepEqual(parseInspectorState(JSON.parse(JSON.stringify(state))), state));
  it('of another version is refused', () =>
    assert.throws(() => parseInspectorState({ ...state, version: 2 }), /the inspector's state, at version/));
  it('with an unsorted mask is refused', () =>
    assert.throws(() => parseInspectorState({ ...state, selected: [5, 0] }), /at selected/));
});
