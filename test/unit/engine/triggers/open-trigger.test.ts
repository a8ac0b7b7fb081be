import assert from 'node:assert/strict';
import { failureOf } from '../../../harness/files';
import { triggerFolder } from './support';

describe('triggers of any kind', () => {
  const { opened } = triggerFolder();

  it('refuse a target that the model does not have', async () => {
    for (const kind of ['patch', 'blended', 'sinusoidal', 'warped'] as const) {
      const failure = await failureOf('trigger.target', () => opened({ kind, target: 10 }));
      assert.equal(failure.place, '/trigger/target');
      assert.match(failure.message, /10 classes, 0 to 9/);
    }
  });
});
