import assert from 'node:assert/strict';
import { parseFromInspector, type FromInspector } from '../../../../server/protocol/messages/inspector-view';
import { sent } from './inspector-support';

describe('messages from the inspector', () => {
  const place = { fingerprint: 'abc', layer: 'dense_1', state: 'before' } as const;
  const good: FromInspector[] = [
    { type: 'ready' },
    { type: 'query', id: 1, query: { kind: 'open' } },
    { type: 'query', id: 1, query: { kind: 'open', search: false } },
    { type: 'query', id: 5, query: { kind: 'scan', fingerprint: 'abc' } },
    { type: 'command', command: 'scan' },
    ...(['layer', 'limit'] as const).map((kind): FromInspector => ({
      type: 'query',
      id: 1,
      query: { kind, ...place },
    })),
    { type: 'query', id: 2, query: { kind: 'unit', ...place, unit: 5 } },
    { type: 'query', id: 3, query: { kind: 'mask', ...place, units: Int32Array.from([1, 5]), scope: 'quick' } },
    { type: 'query', id: 4, query: { kind: 'examples', fingerprint: 'abc', count: 8 } },
    { type: 'cancel', id: 3 },
    { type: 'use-ratio', layer: 'dense_1', count: 25, units: 128 },
    { type: 'prune-units', layer: 'dense_1', units: [3, 4] },
    { type: 'export', name: 'block_1/conv-curve', format: 'csv', content: Uint8Array.from([1]) },
    { type: 'command', command: 'show-log' },
    { type: 'fault', message: 'Error: broken' },
  ];
  for (const message of good) {
    it(`takes ${message.type === 'query' ? `the query ${message.query.kind}` : message.type} as it is`, () =>
      assert.deepEqual(parseFromInspector(sent(message)), message));
  }

  const bad: [string, unknown, RegExp][] = [
    [
      'a mask that names a unit twice',
      { type: 'query', id: 3, query: { kind: 'mask', ...place, units: Int32Array.from([5, 5]), scope: 'quick' } },
      /at query.units: units that do not ascend/,
    ],
    ['a unit that no layer has', { type: 'prune-units', layer: 'dense_1', units: [65_536] }, /at units/],
    [
      'units below zero',
      { type: 'query', id: 3, query: { kind: 'mask', ...place, units: Int32Array.from([-1]), scope: 'quick' } },
      /at query.units/,
    ],
    [
      'more pruned units than there are',
      { type: 'use-ratio', layer: 'dense_1', count: 129, units: 128 },
      /more units pruned than there are/,
    ],
    ['a command of its own making', { type: 'command', command: 'workbench.action.quit' }, /at command/],
    ['a file of another kind', { type: 'export', name: 'x', format: 'exe', content: new Uint8Array(1) }, /at format/],
    [
      'content that is no bytes',
      { type: 'export', name: 'x', format: 'svg', content: '<svg/>' },
      /at content: expected Uint8Array/,
    ],
  ];
  for (const [what, message, reason] of bad)
    it(`refuses ${what}`, () => assert.throws(() => parseFromInspector(sent(message)), reason));
});
