import assert from 'node:assert/strict';
import { modelActions } from '../../../../server/language/model/actions';

describe('quick fixes in model.json', () => {
  it('leads nowhere from what is not ours', () => {
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } };
    const foreign = { source: 'json', message: 'x', range, data: { title: 'Inspect', layer: 'dense' } };
    assert.deepEqual(modelActions('file:///w/c', [foreign, { source: 'Fine-Prune', message: 'x', range }]), []);
  });
});
