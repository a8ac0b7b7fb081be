import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { selectBackend, type BackendInfo, type BackendRequest } from '../../../server/engine/backend/select';
import { FinePruneError } from '../../../server/protocol/errors';

/** Selects in a process of its own: TensorFlow's options hold for the life of a process. */
async function selectInChild(request: BackendRequest): Promise<BackendInfo> {
  const child = fork(path.join(__dirname, 'select-on-request.ts'), [JSON.stringify(request)], {
    execArgv: ['--import', 'tsx'],
    silent: true,
  });
  const errors: Buffer[] = [];
  child.stderr!.on('data', (chunk: Buffer) => errors.push(chunk));
  return await Promise.race([
    once(child, 'message').then(([message]) => message as BackendInfo),
    once(child, 'exit').then(() => Promise.reject(new Error(Buffer.concat(errors).toString().slice(0, 2000)))),
  ]);
}

describe('selection of the backend', function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'fine-prune-select-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('takes wasm when told so, and describes it', async () => {
    const info = await selectBackend({ choice: 'wasm', threads: 4 });
    assert.equal(tf.getBackend(), 'wasm');
    assert.deepEqual(
      { ...info, why: '' },
      {
        name: 'wasm',
        why: '',
        version: 'tfjs-backend-wasm 4.22.0 (SIMD)',
        threads: 1,
        oneDnn: null,
        cpuFeatures: [],
        node: process.version,
        platform: `${process.platform}-${process.arch}`,
      },
    );
  });

  it('refuses native when there is none, and says what to do', async () => {
    await assert.rejects(
      selectBackend({ choice: 'native', threads: 1, configuredPath: path.join(folder, 'nothing.node') }),
      (error) =>
        error instanceof FinePruneError &&
        error.kind === 'engine' &&
        error.code === 'engine.nativeMissing' &&
        /fine-prune engine install/.test(error.todo ?? ''),
    );
  });

  it('goes on to wasm by itself when there is no native engine, and says so', async () => {
    const info = await selectBackend({ choice: 'auto', threads: 1, configuredPath: path.join(folder, 'nothing.node') });
    assert.equal(info.name, 'wasm');
    assert.match(info.why, /^WASM runs because .*nothing\.node/);
  });

  it('goes on to wasm by itself when the native engine does not load, and says so', async () => {
    const broken = path.join(folder, 'broken.node');
    await writeFile(broken, Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46]), Buffer.alloc(60)]));
    const info = await selectBackend({ choice: 'auto', threads: 1, configuredPath: broken });
    assert.equal(info.name, 'wasm');
    assert.match(info.why, /^WASM runs because the native engine is unusable: /);
    assert.equal(tf.getBackend(), 'wasm');
  });

  // Where no source of the native engine answers, the test command says so, and leaves these out by this variable.
  if (process.env.FINE_PRUNE_WITHOUT_NATIVE !== '1') {
    it('takes native by itself when it is installed and passes its self-test', async () => {
      const info = await selectInChild({ choice: 'auto', threads: 1 });
      assert.equal(info.name, 'native');
      assert.equal(info.oneDnn, true);
      assert.equal(info.threads, 1);
      assert.match(info.version, /^tfjs-node 4\.22\.0, TensorFlow \d+\.\d+\.\d+/);
      assert.ok(info.version.endsWith(info.tensorflowVersion ?? 'none'));
      assert.match(info.why, /passed its self-test/);
      assert.deepEqual(info.cpuFeatures, [...info.cpuFeatures].sort());
      if (process.platform === 'linux' && process.arch === 'x64')
        assert.ok(info.cpuFeatures.includes('avx'), String(info.cpuFeatures));
    });

    it('leaves oneDNN off when told so', async () => {
      assert.equal((await selectInChild({ choice: 'native', threads: 2, oneDnn: false })).oneDnn, false);
    });
  }
});
