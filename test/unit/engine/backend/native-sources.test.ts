import assert from 'node:assert/strict';
import { readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TENSORFLOW_LIBRARIES } from '../../../../server/engine/backend/install/python';
import { installNativeEngine } from '../../../../server/engine/backend/install/native-install';
import {
  BINDING_FILE,
  PLATFORM,
  cacheFolder,
  engineFolder,
  findNativeEngine,
} from '../../../../server/engine/backend/native-sources';
import { ELF, failure, cacheOfTest, fakeEngine } from './support';

describe('the cache folder of the native engine', () => {
  it('is $FINE_PRUNE_CACHE as an absolute path, else a folder of this user', () => {
    assert.equal(cacheFolder({ FINE_PRUNE_CACHE: '/some/where' }), path.resolve('/some/where'));
    assert.equal(cacheFolder({ FINE_PRUNE_CACHE: 'here' }), path.resolve('here'));
    assert.match(cacheFolder({}), /fine-prune/);
    assert.ok(path.isAbsolute(cacheFolder({ FINE_PRUNE_CACHE: '' })));
  });
});

describe('the search for a native engine', () => {
  const cache = cacheOfTest();

  it('finds nothing in an empty cache, and says so', async () => {
    const status = await findNativeEngine({ env: cache.env });
    assert.equal(status.installed, false);
    assert.equal(status.platform, PLATFORM);
    assert.match(status.why, /not installed|built on/);
  });

  it('finds the engine in the cache without loading it', async () => {
    await fakeEngine(engineFolder(cache.env));
    const status = await findNativeEngine({ env: cache.env });
    assert.equal(status.source, 'cache');
    assert.equal(status.path, path.join(engineFolder(cache.env), BINDING_FILE));
    assert.equal(status.tensorflowVersion, '2.21.0');
  });

  it('goes by the setting, then the variable, then the cache', async () => {
    await fakeEngine(engineFolder(cache.env));
    const [setting, variable] = [path.join(cache.folder, 'a.node'), path.join(cache.folder, 'b.node')];
    await writeFile(setting, ELF);
    await writeFile(variable, ELF);
    const withVariable = { ...cache.env, FINE_PRUNE_NATIVE_BINDING: variable };
    assert.equal((await findNativeEngine({ configuredPath: setting, env: withVariable })).path, setting);
    assert.equal((await findNativeEngine({ env: withVariable })).path, variable);
    assert.equal((await findNativeEngine({ env: cache.env })).source, 'cache');
  });

  it('takes the folder of an engine for its binding, with its version', async () => {
    const elsewhere = path.join(cache.folder, 'elsewhere');
    await fakeEngine(elsewhere);
    const status = await findNativeEngine({ configuredPath: elsewhere, env: cache.env });
    assert.deepEqual(
      [status.source, status.path, status.tensorflowVersion],
      ['configured', path.join(elsewhere, BINDING_FILE), '2.21.0'],
    );
  });

  it('does not pass silently from a wrong configured path to another engine', async () => {
    await fakeEngine(engineFolder(cache.env));
    const text = path.join(cache.folder, 'readme.txt');
    await writeFile(text, 'no addon');
    for (const configuredPath of [text, path.join(cache.folder, 'missing.node'), cache.folder]) {
      const status = await findNativeEngine({ configuredPath, env: cache.env });
      assert.equal(status.installed, false);
      assert.match(status.why, /configured/);
      await assert.rejects(
        installNativeEngine({ configuredPath, env: cache.env, onProgress: () => {} }),
        failure('engine.install.configured', /not a loadable file/, /setting/),
      );
    }
  });

  it('notices that a linked library has changed or is gone', async () => {
    const library = path.join(cache.folder, 'libtensorflow');
    await writeFile(library, 'library');
    const target = engineFolder(cache.env);
    await fakeEngine(target, 'python');
    await rm(path.join(target, TENSORFLOW_LIBRARIES[0]));
    await symlink(library, path.join(target, TENSORFLOW_LIBRARIES[0]));
    assert.equal((await findNativeEngine({ env: cache.env })).installed, true);
    await writeFile(library, 'another library');
    assert.match(
      (await findNativeEngine({ env: cache.env })).why,
      /libtensorflow_cc\.so\.2.*has changed.*Python.*install it again/,
    );
    await rm(library);
    assert.match((await findNativeEngine({ env: cache.env })).why, /is missing/);
  });

  it('takes no engine from a manifest that is broken or leads out of its folder', async () => {
    const target = engineFolder(cache.env);
    await fakeEngine(target);
    const manifest = await readFile(path.join(target, 'engine.json'), 'utf8');
    for (const text of [
      manifest.replaceAll(BINDING_FILE, `../${BINDING_FILE}`),
      manifest.replace('"layout": 1', '"layout": 0'),
      manifest.slice(0, 40),
      'null',
    ]) {
      await writeFile(path.join(target, 'engine.json'), text);
      const status = await findNativeEngine({ env: cache.env });
      assert.equal(status.installed, false);
      assert.match(status.why, /another version/);
    }
  });
});
