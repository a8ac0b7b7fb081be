import assert from 'node:assert/strict';
import type { FromInspector } from '../../../../../server/protocol/messages/inspector-view';
import { Asks } from '../../../../../webview/inspector/state/asks';
import { CRASHED, overview, unitData } from '../support';

const unit = (index: number) =>
  ({ kind: 'unit', fingerprint: 'f1', layer: 'dense_1', state: 'before', unit: index }) as const;

describe('questions of the inspector’s page', () => {
  function asking(): { asks: Asks; posts: FromInspector[] } {
    const posts: FromInspector[] = [];
    return { asks: new Asks((message) => posts.push(message)), posts };
  }

  it('gives each its own answer, in whatever order they come', async () => {
    const { asks } = asking();
    const open = asks.ask({ kind: 'open' });
    const seventh = asks.ask(unit(7));
    assert.equal(asks.receive({ type: 'answer', id: 2, answer: unitData(7) }), true);
    assert.equal(asks.receive({ type: 'answer', id: 1, answer: overview() }), true);
    assert.deepEqual(await open, { answer: overview() });
    assert.deepEqual(await seventh, { answer: unitData(7) });
  });

  it('cancels the older one of its kind, and no other', async () => {
    const { asks, posts } = asking();
    const open = asks.ask({ kind: 'open' });
    const first = asks.ask(unit(1));
    const second = asks.ask(unit(2));
    assert.equal(await first, 'superseded');
    assert.deepEqual(
      posts.filter(({ type }) => type === 'cancel'),
      [{ type: 'cancel', id: 2 }],
    );
    // The late answer to what nobody wants is for nobody.
    asks.receive({ type: 'answer', id: 2, answer: unitData(1) });
    asks.receive({ type: 'answer', id: 3, answer: unitData(2) });
    asks.receive({ type: 'answer', id: 1, answer: overview() });
    assert.deepEqual(await second, { answer: unitData(2) });
    assert.deepEqual(await open, { answer: overview() });
  });

  it('tells how far one is, and what came of a refusal', async () => {
    const { asks } = asking();
    const told: unknown[] = [];
    const open = asks.ask({ kind: 'open' }, (busy) => told.push(busy));
    asks.receive({ type: 'progress', id: 1, title: 'Reading', overall: 0.5 });
    asks.receive({ type: 'progress', id: 9, title: 'Another page’s', overall: 0.5 });
    asks.receive({ type: 'refused', id: 1, failure: CRASHED });
    assert.deepEqual(told, [{ title: 'Reading', overall: 0.5 }]);
    assert.deepEqual(await open, { failure: CRASHED });
  });

  it('leaves other messages to others', () => {
    assert.equal(asking().asks.receive({ type: 'changed' }), false);
  });
});
