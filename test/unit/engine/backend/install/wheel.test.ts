import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { checkWheel, downloadWheel } from '../../../../../server/engine/backend/install/wheel';
import { failure, cacheOfTest } from '../support';

describe('the wheel of TensorFlow', () => {
  const cache = cacheOfTest();

  it('refuses a wheel of another size or another sha256', async () => {
    const wheel = path.join(cache.folder, 'x.whl');
    await writeFile(wheel, 'wheel');
    const sha256 = createHash('sha256').update('wheel').digest('hex');
    await checkWheel(wheel, undefined, { bytes: 5, sha256 });
    await assert.rejects(checkWheel(wheel), failure('engine.install.checksum', /5 bytes, expected 273829956/));
    await writeFile(wheel, 'whale');
    await assert.rejects(
      checkWheel(wheel, undefined, { bytes: 5, sha256 }),
      failure('engine.install.checksum', /sha256 is [0-9a-f]{64}, expected/, /[Tt]ry again/),
    );
    await assert.rejects(
      checkWheel(path.join(cache.folder, 'none.whl')),
      failure('engine.install.checksum', /no bytes/),
    );
  });

  it('says which Python is missing, or what pip said', async () => {
    const nowhere = path.join(cache.folder, 'no-python');
    const download = (python: string): Promise<string> =>
      downloadWheel(path.join(cache.folder, 'wheel'), { ...cache.env, FINE_PRUNE_PYTHON: python }, () => {});
    await assert.rejects(
      download(nowhere),
      failure('engine.install.download', /no-python cannot be started/, /Install Python 3 with pip/),
    );
    const python = path.join(cache.folder, 'python');
    const says = async (line: string): Promise<void> => {
      await writeFile(python, `#!/bin/sh\necho "${line}" >&2\nexit 1\n`);
      await chmod(python, 0o755);
    };
    await says('ERROR: No matching distribution found');
    await assert.rejects(
      download(python),
      failure('engine.install.download', /ERROR: No matching distribution found/, /pip download .*tensorflow-cpu==/),
    );
    await says('python: No module named pip');
    await assert.rejects(download(python), failure('engine.install.download', /No module named pip/, /Install pip/));
  });
});
