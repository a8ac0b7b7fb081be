import assert from 'node:assert/strict';
import { parseInspectorState } from '../../../../../server/protocol/messages/inspector-view';
import {
  chosenCount,
  defaultCount,
  FIRST_CHOICE,
  restored,
  sortedBy,
  toKeep,
  withLayer,
} from '../../../../../webview/inspector/state/choice';
import {
  firstThreshold,
  joined,
  mostRaised,
  nearestPoint,
  raisedAbove,
  ranks,
  rowFor,
  sorted,
  toggled,
} from '../../../../../webview/inspector/state/units';
import { CONFIG, layerData, overview } from '../support';
import { pruneCount } from '../../../../../server/protocol/config/pruning';

const CHOICE = { ...FIRST_CHOICE, layer: 'dense_1', unit: 8, count: 3, selected: [1, 8], row: 4 };

describe('what a person has chosen in the inspector', () => {
  it('survives being kept, for the same config alone', () => {
    const kept = parseInspectorState(structuredClone(toKeep(CHOICE, CONFIG)));
    assert.deepEqual(restored(kept, CONFIG), CHOICE);
    assert.deepEqual(restored(kept, 'file:///home/me/other.fineprune.json'), FIRST_CHOICE);
    assert.deepEqual(restored(undefined, CONFIG), FIRST_CHOICE);
  });

  it('stays with a layer in its other state, and goes with another layer', () => {
    assert.deepEqual(withLayer(CHOICE, layerData({ state: 'after' })), { ...CHOICE, state: 'after' });
    assert.deepEqual(withLayer(CHOICE, layerData({ layer: 'conv2d_1' })), { ...FIRST_CHOICE, layer: 'conv2d_1' });
  });

  it('loses what the layer no longer has', () => {
    const smaller = withLayer({ ...CHOICE, count: 9 }, layerData({ units: 4 }));
    assert.deepEqual([smaller.unit, smaller.count, smaller.selected, smaller.row], [null, null, [1], 0]);
  });

  it('sorts by what there is without a trigger', () => {
    const bare = layerData({ triggeredMean: null, triggeredFires: null });
    assert.deepEqual(withLayer(CHOICE, bare).sort, { by: 'clean', descending: true });
    assert.deepEqual(withLayer({ ...CHOICE, sort: { by: 'order', descending: false } }, bare).sort, {
      by: 'order',
      descending: false,
    });
  });

  it('turns a column round at the second press, and goes back to the first row', () => {
    const once = { ...CHOICE, ...sortedBy(CHOICE, 'clean') };
    assert.deepEqual([once.sort, once.row], [{ by: 'clean', descending: true }, 0]);
    assert.deepEqual(sortedBy(once, 'clean').sort, { by: 'clean', descending: false });
    assert.deepEqual(sortedBy(once, 'order').sort, { by: 'order', descending: false });
  });

  it('begins with what the config would prune, at a point of the curve', () => {
    assert.equal(defaultCount(overview(), layerData()), 2);
    assert.equal(
      defaultCount(overview({ prune: { ratio: 'auto', rule: 'clean-mean', guide: null, units: null } }), layerData()),
      2,
    );
    assert.equal(
      defaultCount(
        overview({ prune: { ratio: null, rule: 'clean-mean', guide: null, units: [1, 2, 3] } }),
        layerData(),
      ),
      3,
    );
    assert.equal(chosenCount(null, overview(), layerData()), 2);
    // What a run chose by itself, its report knows; on another layer, or about another model, it says nothing.
    const report = {
      verdict: { word: 'mitigated', sentence: '' },
      changed: [],
      layer: 'dense_1',
      pruned: [4, 7, 9],
      after: true,
    };
    const auto = overview({ prune: { ratio: 'auto', rule: 'clean-mean', guide: null, units: null }, report });
    assert.equal(defaultCount(auto, layerData()), 3);
    assert.equal(defaultCount(auto, layerData({ layer: 'conv2d_1' })), 2);
    assert.equal(defaultCount({ ...auto, report: { ...report, changed: ['the model'] } }, layerData()), 2);
    assert.equal(
      defaultCount({ ...auto, strategy: 'head-reset', report: { ...report, pruned: [] } }, layerData()),
      0,
      'nothing was pruned',
    );
    // The curve has no point at 7: 8 is nearer than 5.
    assert.equal(chosenCount(7, overview(), layerData()), 8);
  });
});

describe('units of a layer, as the inspector orders them', () => {
  const data = layerData();

  it('sorts by each column, ties by index in both directions', () => {
    assert.deepEqual([...sorted(data, { by: 'index', descending: true })], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert.deepEqual([...sorted(data, { by: 'clean', descending: true })], [9, 4, 1, 8, 0, 6, 3, 7, 2, 5]);
    assert.deepEqual([...sorted(data, { by: 'clean', descending: false })], [2, 5, 7, 3, 0, 6, 1, 8, 4, 9]);
    assert.deepEqual([...sorted(data, { by: 'triggered', descending: true })].slice(0, 3), [7, 3, 4]);
    assert.deepEqual([...sorted(data, { by: 'difference', descending: true })].slice(0, 2), [7, 3]);
    assert.deepEqual([...sorted(data, { by: 'order', descending: false })], [...data.order]);
  });

  it('knows each one’s place and the row to scroll to', () => {
    const rank = ranks(data.order);
    data.order.forEach((unit, place) => assert.equal(rank[unit], place));
    assert.equal(rowFor(9, rank), 5);
    assert.equal(rowFor(5, rank), 0);
  });

  it('names the one that the trigger raises most, or else the most active one', () => {
    assert.equal(mostRaised(data), 7);
    assert.equal(mostRaised(layerData({ triggeredMean: null })), 9);
  });

  it('counts as a run does', () => {
    for (const units of [10, 128, 512, 4096])
      for (const ratio of [0, 0.1, 0.2, 0.29, 0.7, 1]) assert.equal(pruneCount(ratio, units), pruneCount(ratio, units));
  });

  it('finds the nearest point of a curve, by trying them all', () => {
    const { pruned } = data.curve;
    for (let count = 0; count <= 10; count++) {
      const least = Math.min(...[...pruned].map((at) => Math.abs(at - count)));
      assert.equal(Math.abs(pruned[nearestPoint(pruned, count)]! - count), least, String(count));
    }
    assert.equal(nearestPoint(Int32Array.of(0), 5), 0);
  });

  it('keeps a selection ascending and each unit once', () => {
    assert.deepEqual(toggled([1, 4], 2), [1, 2, 4]);
    assert.deepEqual(toggled([1, 2, 4], 2), [1, 4]);
    assert.deepEqual(joined([4], Int32Array.of(2, 4, 3)), [2, 3, 4]);
  });

  it('selects by how much the trigger raises, with a threshold that takes some and not all', () => {
    assert.deepEqual(raisedAbove(data, 2), [3, 7]);
    assert.deepEqual(raisedAbove(data, 3), [7]);
    assert.deepEqual(raisedAbove(layerData({ triggeredMean: null }), 0), []);
    assert.equal(firstThreshold(data), 3);
    assert.deepEqual(raisedAbove(data, firstThreshold(data)), [7]);
    assert.equal(firstThreshold(layerData({ triggeredMean: null })), 1);
  });
});
