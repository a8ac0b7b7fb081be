import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { findCompiler } from '../../../../../server/engine/backend/install/compile';
import { installNativeEngine, planInstall } from '../../../../../server/engine/backend/install/native-install';
import { engineFolder } from '../../../../../server/engine/backend/native-sources';
import { FinePruneError } from '../../../../../server/protocol/errors';
import { failure, cacheOfTest, fakeEngine } from '../support';

describe('the plan of an installation', () => {
  const cache = cacheOfTest();

  it('asks for nothing when an engine is there, else names size and place', async () => {
    const none = await planInstall({ env: cache.env, from: 'wheel' });
    assert.ok(none.downloadBytes > 2e8 && none.diskBytes > 5e8);
    assert.equal(none.folder, engineFolder(cache.env));
    assert.match(none.description, /274 MB to download, 635 MB on the disk/);
    await fakeEngine(engineFolder(cache.env));
    const there = await planInstall({ env: cache.env });
    assert.deepEqual([there.source, there.downloadBytes, there.diskBytes], ['cache', 0, 0]);
    assert.equal((await planInstall({ env: cache.env, from: 'tfjs-node' })).source, 'tfjs-node');
  });
});

describe('an installation of the native engine', () => {
  const cache = cacheOfTest();

  it('says what to install when there is no compiler, before anything is downloaded', async () => {
    const bare = { ...cache.env, PATH: cache.folder };
    await assert.rejects(
      findCompiler(bare),
      failure('engine.install.compile', /no C\+\+ compiler/, /[Ii]nstall g\+\+/),
    );
    const steps: string[] = [];
    const install = installNativeEngine({ env: bare, from: 'wheel', onProgress: (step) => void steps.push(step) });
    await assert.rejects(install, failure('engine.install.compile', /no C\+\+ compiler/, /[Ii]nstall g\+\+/));
    assert.deepEqual(steps, []);
    assert.deepEqual(readdirSync(path.join(cache.folder, 'native')), []);
  });

  it('names the cache folder when it cannot be made', async () => {
    const file = path.join(cache.folder, 'file');
    await writeFile(file, '');
    const install = installNativeEngine({
      env: { ...cache.env, FINE_PRUNE_CACHE: file },
      from: 'wheel',
      onProgress: () => {},
    });
    await assert.rejects(
      install,
      (error) =>
        failure('engine.install.folder', /cannot be written/, /FINE_PRUNE_CACHE/)(error) &&
        (error as FinePruneError).file === path.join(file, 'native'),
    );
  });
});
