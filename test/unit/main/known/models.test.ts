import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readReport } from '../../../../server/engine/report/json/read-report';
import { Models } from '../../../../server/main/known/models';
import type { Log } from '../../../../server/main/host';
import { temporaryFolder } from '../../../harness/files';

const EXAMPLE = path.resolve(__dirname, '../../../../examples/mnist-badnets');

describe('hashes of a model, as the editor compares them with a report', () => {
  const folder = temporaryFolder();
  const log = { warn: () => undefined, error: () => undefined, info: () => undefined } as unknown as Log;

  it('are those of the report, also of a model.json so long that a thread reads it, and follow the files', async () => {
    const report = readReport(readFileSync(path.join(EXAMPLE, 'mnist-badnets.defense.json'), 'utf8'), 'x');
    const { topology, weights, form } = report.model.before;
    const models = new Models(log);
    assert.deepEqual(await models.hashes(path.join(EXAMPLE, 'model.json')), { topology, weights, form });
    const [long, bytes] = [path.join(folder.path, 'model.json'), path.join(folder.path, 'weights.bin')];
    writeFileSync(long, readFileSync(path.join(EXAMPLE, 'model.json'), 'utf8') + ' '.repeat(300_000));
    copyFileSync(path.join(EXAMPLE, 'weights.bin'), bytes);
    assert.deepEqual(await models.hashes(long), { topology, weights, form });
    const changed = readFileSync(bytes);
    changed[0]! ^= 1;
    writeFileSync(bytes, changed);
    const now = await models.hashes(long);
    assert.equal(now.topology, topology);
    assert.notEqual(now.weights, weights);
    writeFileSync(bytes, changed.subarray(4));
    await assert.rejects(models.hashes(long), /declared shapes need/);
  });
});
