import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder, findNativeEngine } from '../../../server/engine/backend/native-sources';
import { forgetFaults, rememberedFault, rememberFault } from '../../../server/engine/backend/one-dnn';
import { makeTempDir } from '../../harness/processes';

const NOTES = path.join(cacheFolder(), 'one-dnn');

describe('what is remembered of oneDNN', function () {
  const temp = makeTempDir('fp-one-dnn-');
  beforeEach(() => forgetFaults());
  after(async () => {
    await forgetFaults();
    await temp.remove();
  });

  it('is for this binding and this version of TensorFlow, and no other', async () => {
    const binding = path.join(temp.dir, 'some.node');
    await writeFile(binding, 'one');
    const engine = { installed: true, path: binding, tensorflowVersion: '2.21.0', why: '', platform: '' };
    await rememberFault(engine, 'SIGILL');
    assert.equal(await rememberedFault(engine), 'SIGILL');
    assert.equal(await rememberedFault({ ...engine, tensorflowVersion: '2.22.0' }), null);
    await utimes(binding, 1, 1);
    assert.equal(await rememberedFault(engine), null);
    await rm(binding);
    assert.equal(await rememberedFault(engine), null);
  });

  it("is ignored where it can't be read, and is replaced", async () => {
    const engine = await findNativeEngine();
    await rememberFault(engine, 'SIGFPE');
    const [name, ...others] = await readdir(NOTES);
    assert.deepEqual(others, []);
    for (const text of [
      '',
      '{',
      'null',
      '[]',
      '{"fault":"toString"}',
      '{"fault":["SIGFPE"]}',
      '{"fault":"something else"}',
    ]) {
      await writeFile(path.join(NOTES, name!), text);
      assert.equal(await rememberedFault(engine), null, text);
    }
    await rememberFault(engine, 'self-test');
    assert.equal(await rememberedFault(engine), 'self-test');
    await forgetFaults();
    assert.equal(existsSync(NOTES), false);
  });
});
