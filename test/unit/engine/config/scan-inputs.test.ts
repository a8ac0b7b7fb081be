import assert from 'node:assert/strict';
import { modelName } from '../../../../server/engine/config/scan-inputs';

describe('the name of a scan', () => {
  it('names a result by its model, or by the folder of one that is called like all others', () => {
    assert.deepEqual(
      ['/a/b/model.json', '/a/b/net.json', '/model.json', '/a/.hidden/model.json', '/a/my models #1/model.json'].map(
        modelName,
      ),
      ['b', 'net', 'model', 'hidden', 'my models #1'],
    );
  });
});
