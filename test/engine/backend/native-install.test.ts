import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { TENSORFLOW_LIBRARIES } from '../../../server/engine/backend/install/python';
import { checkWheel, downloadWheel, extractHeaders } from '../../../server/engine/backend/install/wheel';
import {
  installNativeEngine,
  planInstall,
  removeNativeEngine,
} from '../../../server/engine/backend/install/native-install';
import {
  BINDING_FILE,
  PLATFORM,
  engineFolder,
  findNativeEngine,
  type NativeEngineStatus,
} from '../../../server/engine/backend/native-sources';
import { FinePruneError } from '../../../server/protocol/errors';
import { allowed } from '../../harness/busy';

const execFileAsync = promisify(execFile);
const BACKEND = path.resolve('server/engine/backend');

/** Trains nothing, but asks for what Node 23 removed (oneHot, topk) and for a gradient. */
const USE_ENGINE = `
const tf = require('@tensorflow/tfjs-core');
const layers = require('@tensorflow/tfjs-layers');
const { loadNativeBackend } = require(${JSON.stringify(path.join(BACKEND, 'native'))});
(async () => {
  const options = { threads: 1, oneDnn: false };
  const { tensorflowVersion } = await loadNativeBackend(process.argv[1], options);
  await loadNativeBackend(process.argv[1], { ...options });
  const refused = await loadNativeBackend(process.argv[1], { threads: 2, oneDnn: false }).then(() => 'accepted', (error) => error.code);
  const model = layers.sequential({ layers: [layers.layers.dense({ units: 1, inputShape: [2], kernelInitializer: 'ones' })] });
  const gradient = tf.grad((x) => tf.sum(model.apply(tf.square(x))))(tf.tensor2d([[1, -3]]));
  console.log(JSON.stringify({
    backend: tf.getBackend(), tensorflowVersion, refused,
    threads: process.env.TF_NUM_INTRAOP_THREADS, oneDnn: process.env.TF_ENABLE_ONEDNN_OPTS,
    oneHot: [...tf.oneHot(tf.tensor1d([1], 'int32'), 2).dataSync()],
    top: [...tf.topk(tf.tensor1d([3, 1, 2]), 2).values.dataSync()],
    gradient: [...gradient.dataSync()],
  }));
})();
`;

/** Installs in a process of its own, as a terminal and an editor would. */
const INSTALL = `
const { installNativeEngine } = require(${JSON.stringify(path.join(BACKEND, 'install', 'native-install'))});
const steps = new Set();
installNativeEngine({ from: 'wheel', onProgress: (step) => steps.add(step) })
  .then((status) => console.log(JSON.stringify({ status, steps: [...steps] })));
`;

async function inOwnProcess<T>(script: string, env: NodeJS.ProcessEnv, ...args: string[]): Promise<T> {
  const { stdout } = await execFileAsync(process.execPath, ['--import', 'tsx', '-e', script, ...args], { env });
  return JSON.parse(stdout) as T;
}

describe('native engine: the real installation', function () {
  this.timeout(300_000);
  let folder: string;
  let env: NodeJS.ProcessEnv;

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'fine-prune-engine-'));
    const wheels = path.join(folder, 'wheels');
    // Downloaded once; after that pip takes it from there, as from any mirror.
    const wheel = await downloadWheel(wheels, process.env, () => {});
    await checkWheel(wheel);
    env = {
      ...process.env,
      FINE_PRUNE_CACHE: path.join(folder, 'cache'),
      FINE_PRUNE_NATIVE_BINDING: '',
      PIP_FIND_LINKS: wheels,
      PIP_NO_INDEX: '1',
    };
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('installs once for two processes at the same time, and the engine computes', async () => {
    assert.equal((await findNativeEngine({ env })).installed, false);
    type Answer = { status: NativeEngineStatus; steps: string[] };
    const answers = await Promise.all([inOwnProcess<Answer>(INSTALL, env), inOwnProcess<Answer>(INSTALL, env)]);
    for (const { status } of answers) {
      assert.deepEqual([status.installed, status.source, status.tensorflowVersion], [true, 'cache', '2.21.0']);
      assert.equal(status.path, path.join(engineFolder(env), BINDING_FILE));
    }
    const builders = answers.filter(({ steps }) => steps.some((step) => step.startsWith('Downloading')));
    assert.equal(builders.length, 1, 'one of the two builds, the other waits');
    assert.deepEqual(readdirSync(path.join(folder, 'cache', 'native')), [PLATFORM]);
    assert.deepEqual(
      readdirSync(engineFolder(env)).sort(),
      ['engine.json', ...TENSORFLOW_LIBRARIES, BINDING_FILE].sort(),
    );

    const result = await inOwnProcess<Record<string, unknown>>(
      USE_ENGINE,
      env,
      path.join(engineFolder(env), BINDING_FILE),
    );
    assert.deepEqual(result, {
      backend: 'tensorflow',
      tensorflowVersion: '2.21.0',
      refused: 'engine.native.reconfigure',
      threads: '1',
      oneDnn: '0',
      oneHot: [0, 1],
      top: [3, 2],
      gradient: [2, -6],
    });
  });

  it('has nothing to do the second time', async () => {
    const steps: string[] = [];
    const status = await installNativeEngine({ env, onProgress: (step) => void steps.push(step) });
    assert.deepEqual([status.installed, status.source, steps], [true, 'cache', []]);
    assert.deepEqual((await planInstall({ env })).downloadBytes, 0);
  });

  it("links the TensorFlow of the user's Python when there is one", async () => {
    const tensorflow = path.join(folder, 'site', 'tensorflow');
    const wheel = readdirSync(path.join(folder, 'wheels')).find((name) => name.endsWith('.whl')) ?? '';
    await mkdir(path.dirname(tensorflow), { recursive: true });
    await extractHeaders(path.join(folder, 'wheels', wheel), path.join(folder, 'site'));
    await writeFile(path.join(tensorflow, '__init__.py'), '');
    for (const name of TENSORFLOW_LIBRARIES)
      await symlink(path.join(engineFolder(env), name), path.join(tensorflow, name));

    const other = {
      ...env,
      FINE_PRUNE_CACHE: path.join(folder, 'cache-python'),
      PYTHONPATH: path.join(folder, 'site'),
    };
    const plan = await planInstall({ env: other });
    assert.deepEqual([plan.source, plan.downloadBytes], ['python', 0]);
    const status = await installNativeEngine({ env: other, onProgress: () => {} });
    assert.deepEqual([status.source, status.tensorflowVersion], ['cache', '2.21.0']);
    assert.match(status.why, /linked/);
    for (const name of TENSORFLOW_LIBRARIES)
      assert.ok(lstatSync(path.join(engineFolder(other), name)).isSymbolicLink());

    await rename(tensorflow, `${tensorflow}-upgraded`);
    assert.match((await findNativeEngine({ env: other })).why, /is missing.*install it again/);
  });

  it('uses a configured engine from anywhere, after it has loaded', async () => {
    const configuredPath = engineFolder(env);
    const elsewhere = { ...env, FINE_PRUNE_CACHE: path.join(folder, 'empty') };
    const status = await installNativeEngine({ configuredPath, env: elsewhere, onProgress: () => {} });
    assert.deepEqual([status.source, status.tensorflowVersion], ['configured', '2.21.0']);
    assert.equal(existsSync(path.join(folder, 'empty')), false);
  });

  it('stops at once when it is cancelled, and leaves nothing', async () => {
    const other = { ...env, FINE_PRUNE_CACHE: path.join(folder, 'cache-cancelled') };
    const stop = new AbortController();
    let asked = 0;
    const install = installNativeEngine({
      env: other,
      from: 'wheel',
      signal: stop.signal,
      onProgress(step, done) {
        if (!step.startsWith('Unpacking') || done === 0 || asked > 0) return;
        asked = Date.now();
        stop.abort();
      },
    });
    await assert.rejects(install, (error) => error instanceof FinePruneError && error.kind === 'cancelled');
    assert.ok(asked > 0 && Date.now() - asked < allowed(2_000), `took ${Date.now() - asked} ms`);
    assert.deepEqual(readdirSync(path.join(folder, 'cache-cancelled', 'native')), []);
  });

  it('removes the engine', async () => {
    assert.equal(await removeNativeEngine(env), true);
    assert.equal((await findNativeEngine({ env })).installed, false);
    assert.equal(await removeNativeEngine(env), false);
  });
});
