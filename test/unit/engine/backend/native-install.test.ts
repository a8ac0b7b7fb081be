import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findCompiler } from '../../../../server/engine/backend/install/compile';
import { installFailure } from '../../../../server/engine/backend/install/failure';
import { readEngine, writeManifest } from '../../../../server/engine/backend/native-manifest';
import {
  placeEngine,
  removeEngine,
  type EngineBuilder,
  type PlaceOptions,
} from '../../../../server/engine/backend/install/place';
import { TENSORFLOW_LIBRARIES, findPythonTensorflow } from '../../../../server/engine/backend/install/python';
import { failureLine, run } from '../../../../server/engine/backend/install/run';
import { probeBinding } from '../../../../server/engine/backend/install/verify';
import { checkWheel, downloadWheel } from '../../../../server/engine/backend/install/wheel';
import {
  installNativeEngine,
  planInstall,
  removeNativeEngine,
} from '../../../../server/engine/backend/install/native-install';
import {
  BINDING_FILE,
  PLATFORM,
  cacheFolder,
  engineFolder,
  findNativeEngine,
} from '../../../../server/engine/backend/native-sources';
import { FinePruneError } from '../../../../server/protocol/errors';

const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);

/** A FinePruneError with this code, whose sentence and next step match. */
function failure(code: string, message: RegExp, todo?: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof FinePruneError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    if (todo) assert.match(error.todo ?? '', todo);
    return true;
  };
}

/** Waits for something that another process or task brings about. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `waited too long for: ${what}`);
    await delay(20);
  }
}

/** A zombie that its new parent has not collected yet has ended too. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

describe('native engine: finding and installing (no download)', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'fine-prune-native-'));
    env = { ...process.env, FINE_PRUNE_CACHE: folder, FINE_PRUNE_NATIVE_BINDING: '' };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function fakeEngine(target: string, source: 'python' | 'wheel' = 'wheel', version = '2.21.0'): Promise<void> {
    await mkdir(target, { recursive: true });
    await writeFile(path.join(target, BINDING_FILE), ELF);
    await writeFile(path.join(target, TENSORFLOW_LIBRARIES[0]), 'library');
    await writeManifest(target, { source, tensorflowVersion: version, binding: BINDING_FILE }, [
      BINDING_FILE,
      TENSORFLOW_LIBRARIES[0],
    ]);
  }

  describe('cacheFolder', () => {
    it('is $FINE_PRUNE_CACHE as an absolute path, else a folder of this user', () => {
      assert.equal(cacheFolder({ FINE_PRUNE_CACHE: '/some/where' }), path.resolve('/some/where'));
      assert.equal(cacheFolder({ FINE_PRUNE_CACHE: 'here' }), path.resolve('here'));
      assert.match(cacheFolder({}), /fine-prune/);
      assert.ok(path.isAbsolute(cacheFolder({ FINE_PRUNE_CACHE: '' })));
    });
  });

  describe('findNativeEngine', () => {
    it('finds nothing in an empty cache, and says so', async () => {
      const status = await findNativeEngine({ env });
      assert.equal(status.installed, false);
      assert.equal(status.platform, PLATFORM);
      assert.match(status.why, /not installed|built on/);
    });

    it('finds the engine in the cache without loading it', async () => {
      await fakeEngine(engineFolder(env));
      const status = await findNativeEngine({ env });
      assert.equal(status.source, 'cache');
      assert.equal(status.path, path.join(engineFolder(env), BINDING_FILE));
      assert.equal(status.tensorflowVersion, '2.21.0');
    });

    it('goes by the setting, then the variable, then the cache', async () => {
      await fakeEngine(engineFolder(env));
      const [setting, variable] = [path.join(folder, 'a.node'), path.join(folder, 'b.node')];
      await writeFile(setting, ELF);
      await writeFile(variable, ELF);
      const withVariable = { ...env, FINE_PRUNE_NATIVE_BINDING: variable };
      assert.equal((await findNativeEngine({ configuredPath: setting, env: withVariable })).path, setting);
      assert.equal((await findNativeEngine({ env: withVariable })).path, variable);
      assert.equal((await findNativeEngine({ env })).source, 'cache');
    });

    it('takes the folder of an engine for its binding, with its version', async () => {
      const elsewhere = path.join(folder, 'elsewhere');
      await fakeEngine(elsewhere);
      const status = await findNativeEngine({ configuredPath: elsewhere, env });
      assert.deepEqual(
        [status.source, status.path, status.tensorflowVersion],
        ['configured', path.join(elsewhere, BINDING_FILE), '2.21.0'],
      );
    });

    it('does not pass silently from a wrong configured path to another engine', async () => {
      await fakeEngine(engineFolder(env));
      const text = path.join(folder, 'readme.txt');
      await writeFile(text, 'no addon');
      for (const configuredPath of [text, path.join(folder, 'missing.node'), folder]) {
        const status = await findNativeEngine({ configuredPath, env });
        assert.equal(status.installed, false);
        assert.match(status.why, /configured/);
        await assert.rejects(
          installNativeEngine({ configuredPath, env, onProgress: () => {} }),
          failure('engine.install.configured', /no loadable file/, /setting/),
        );
      }
    });

    it('notices that a linked library has changed or is gone', async () => {
      const library = path.join(folder, 'libtensorflow');
      await writeFile(library, 'library');
      const target = engineFolder(env);
      await fakeEngine(target, 'python');
      await rm(path.join(target, TENSORFLOW_LIBRARIES[0]));
      await symlink(library, path.join(target, TENSORFLOW_LIBRARIES[0]));
      assert.equal((await findNativeEngine({ env })).installed, true);
      await writeFile(library, 'another library');
      assert.match(
        (await findNativeEngine({ env })).why,
        /libtensorflow_cc\.so\.2.*has changed.*Python.*install it again/,
      );
      await rm(library);
      assert.match((await findNativeEngine({ env })).why, /is gone/);
    });

    it('takes no engine from a manifest that is broken or leads out of its folder', async () => {
      const target = engineFolder(env);
      await fakeEngine(target);
      const manifest = await readFile(path.join(target, 'engine.json'), 'utf8');
      for (const text of [
        manifest.replaceAll(BINDING_FILE, `../${BINDING_FILE}`),
        manifest.replace('"layout": 1', '"layout": 0'),
        manifest.slice(0, 40),
        'null',
      ]) {
        await writeFile(path.join(target, 'engine.json'), text);
        const status = await findNativeEngine({ env });
        assert.equal(status.installed, false);
        assert.match(status.why, /another version/);
      }
    });
  });

  describe('planInstall', () => {
    it('asks for nothing when an engine is there, else names size and place', async () => {
      const none = await planInstall({ env, from: 'wheel' });
      assert.ok(none.downloadBytes > 2e8 && none.diskBytes > 5e8);
      assert.equal(none.folder, engineFolder(env));
      assert.match(none.description, /274 MB to download, 635 MB on the disk/);
      await fakeEngine(engineFolder(env));
      const there = await planInstall({ env });
      assert.deepEqual([there.source, there.downloadBytes, there.diskBytes], ['cache', 0, 0]);
      assert.equal((await planInstall({ env, from: 'tfjs-node' })).source, 'tfjs-node');
    });
  });

  describe('steps', () => {
    it('refuses a wheel of another size or another sha256', async () => {
      const wheel = path.join(folder, 'x.whl');
      await writeFile(wheel, 'wheel');
      const sha256 = createHash('sha256').update('wheel').digest('hex');
      await checkWheel(wheel, undefined, { bytes: 5, sha256 });
      await assert.rejects(checkWheel(wheel), failure('engine.install.checksum', /5 bytes, expected 273829956/));
      await writeFile(wheel, 'whale');
      await assert.rejects(
        checkWheel(wheel, undefined, { bytes: 5, sha256 }),
        failure('engine.install.checksum', /sha256 is [0-9a-f]{64}, expected/, /[Tt]ry again/),
      );
      await assert.rejects(checkWheel(path.join(folder, 'none.whl')), failure('engine.install.checksum', /no bytes/));
    });

    it('says what to install when there is no compiler, before anything is downloaded', async () => {
      const bare = { ...env, PATH: folder };
      await assert.rejects(
        findCompiler(bare),
        failure('engine.install.compile', /no C\+\+ compiler/, /[Ii]nstall g\+\+/),
      );
      const steps: string[] = [];
      const install = installNativeEngine({ env: bare, from: 'wheel', onProgress: (step) => void steps.push(step) });
      await assert.rejects(install, failure('engine.install.compile', /no C\+\+ compiler/, /[Ii]nstall g\+\+/));
      assert.deepEqual(steps, []);
      assert.deepEqual(readdirSync(path.join(folder, 'native')), []);
    });

    it('says which Python is missing, or what pip said', async () => {
      const nowhere = path.join(folder, 'no-python');
      const download = (python: string): Promise<string> =>
        downloadWheel(path.join(folder, 'wheel'), { ...env, FINE_PRUNE_PYTHON: python }, () => {});
      await assert.rejects(
        download(nowhere),
        failure('engine.install.download', /no-python cannot be started/, /Install Python 3 with pip/),
      );
      const python = path.join(folder, 'python');
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

    it('names the cache folder when it cannot be made', async () => {
      const file = path.join(folder, 'file');
      await writeFile(file, '');
      const install = installNativeEngine({
        env: { ...env, FINE_PRUNE_CACHE: file },
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

    it('refuses a binding that does not load, in the words of the loader', async () => {
      const binding = path.join(folder, BINDING_FILE);
      await writeFile(binding, ELF);
      await assert.rejects(probeBinding(binding, env), failure('engine.install.load', /tfjs_binding\.node: /, /WASM/));
    });

    it("finds TensorFlow in the user's Python without importing it, and never in the working folder", async () => {
      const tensorflow = path.join(folder, 'site', 'tensorflow');
      const header = path.join(tensorflow, 'include', 'tensorflow', 'c', 'c_api.h');
      await mkdir(path.dirname(header), { recursive: true });
      for (const file of [header, ...TENSORFLOW_LIBRARIES.map((name) => path.join(tensorflow, name))])
        await writeFile(file, '');
      await writeFile(path.join(tensorflow, '__init__.py'), 'raise SystemExit("imported")');
      const site = { ...env, PYTHONPATH: path.join(folder, 'site') };
      assert.equal((await findPythonTensorflow(site))?.folder, tensorflow);

      const before = process.cwd();
      try {
        process.chdir(path.join(folder, 'site'));
        assert.notEqual((await findPythonTensorflow({ ...env, PYTHONPATH: '' }))?.folder, tensorflow);
      } finally {
        process.chdir(before);
      }
      await rm(header);
      assert.notEqual((await findPythonTensorflow(site))?.folder, tensorflow);
    });

    it('ends a program together with the programs it started', async () => {
      const pidFile = path.join(folder, 'pid');
      const stop = new AbortController();
      const running = run('sh', ['-c', `sleep 600 & echo $! > ${pidFile}.new; mv ${pidFile}.new ${pidFile}; wait`], {
        env,
        signal: stop.signal,
      });
      const ended = assert.rejects(running, { name: 'AbortError' });
      await until('the pid of the inner program', () => existsSync(pidFile));
      stop.abort();
      await ended;
      const pid = Number(await readFile(pidFile, 'utf8'));
      await until('the inner program to end', () => !isRunning(pid));
    });

    it('picks the line that tells why a program failed', () => {
      const line = (stderr: string): string => failureLine({ code: 1, stdout: '', stderr, timedOut: false });
      assert.equal(
        line("throw er; // Unhandled 'error' event\n^\nError: connect refused\n  at x"),
        'Error: connect refused',
      );
      assert.equal(
        line('a.cc:3:10: fatal error: node_api.h: No such file\ncompilation terminated.'),
        'a.cc:3:10: fatal error: node_api.h: No such file',
      );
      assert.match(line(''), /code 1/);
    });
  });

  describe('placeEngine', () => {
    let target: string;
    beforeEach(() => (target = engineFolder(env)));

    const builder = (
      build: (staging: string, signal: AbortSignal) => Promise<void> = async () => {},
      version = '2.21.0',
    ): EngineBuilder => ({
      origin: 'wheel',
      async build(staging, signal) {
        await build(staging, signal);
        await writeFile(path.join(staging, BINDING_FILE), ELF);
        return { tensorflowVersion: version, binding: BINDING_FILE, files: [BINDING_FILE] };
      },
    });
    const place = (builders: EngineBuilder[], more: Partial<PlaceOptions> = {}): Promise<void> =>
      placeEngine(target, { builders, accept: () => true, onWait: () => {}, ...more });
    const version = async (): Promise<string | undefined> =>
      (await readEngine(target)).engine?.manifest.tensorflowVersion;
    const inNativeFolder = (): string[] => readdirSync(path.dirname(target));

    it('lets a second installation wait for the first, then use its engine', async () => {
      let built = 0;
      let started = (): void => {};
      let secondWaits = (): void => {};
      const firstStarted = new Promise<void>((resolve) => (started = resolve));
      const secondWaiting = new Promise<void>((resolve) => (secondWaits = resolve));
      const counting = builder(async () => {
        built += 1;
        started();
        await secondWaiting;
      });
      const first = place([counting]);
      await firstStarted;
      await Promise.all([first, place([counting], { onWait: secondWaits })]);
      assert.equal(built, 1);
      assert.equal(await version(), '2.21.0');
      assert.deepEqual(inNativeFolder(), [PLATFORM]);
    });

    it('shows an engine only when it is complete', async () => {
      await place([
        builder(async (staging) => {
          await writeFile(path.join(staging, 'half'), '');
          assert.deepEqual(await readEngine(target), {});
          assert.equal((await findNativeEngine({ env })).installed, false);
        }),
      ]);
      assert.equal(await version(), '2.21.0');
    });

    it('keeps the engine there is until another one is complete', async () => {
      await place([builder()]);
      const reject = { accept: () => false };
      const broken = builder(() => Promise.reject(installFailure('load', 'no.', 'do.')), '3.0.0');
      await assert.rejects(place([broken], reject), failure('engine.install.load', /no\./));
      assert.equal(await version(), '2.21.0');
      await place([builder(async () => assert.equal(await version(), '2.21.0'), '3.0.0')], reject);
      assert.equal(await version(), '3.0.0');
      assert.deepEqual(inNativeFolder(), [PLATFORM]);
    });

    it('goes on to the next source; when all fail, the first is the one to act on', async () => {
      const failing = (step: 'download' | 'tfjsNode'): EngineBuilder =>
        builder(() => Promise.reject(installFailure(step, `${step} broke.`, `mend ${step}`)));
      await place([failing('download'), builder()]);
      assert.equal(await version(), '2.21.0');
      await assert.rejects(
        place([failing('download'), failing('tfjsNode')], { accept: () => false }),
        failure(
          'engine.install.download',
          /download broke\. Then it failed while running tfjs-node's own installer: tfjsNode broke/,
          /mend download/,
        ),
      );
    });

    it('does not pass from a wheel that was tampered with to another source', async () => {
      const tampered = builder(() => Promise.reject(installFailure('checksum', 'another sha256.', 'tell')));
      await assert.rejects(place([tampered, builder()]), failure('engine.install.checksum', /another sha256\.$/));
      assert.equal(await version(), undefined);
    });

    it('leaves nothing behind when it is cancelled, at work or while waiting', async () => {
      const stop = new AbortController();
      const stopWaiting = new AbortController();
      let staged = '';
      const first = place(
        [
          builder(async (staging, signal) => {
            staged = staging;
            await writeFile(path.join(staging, 'large'), 'x');
            await assert.rejects(
              place([builder()], { signal: stopWaiting.signal, onWait: () => stopWaiting.abort() }),
              failure('engine.install.cancelled', /cancelled/),
            );
            stop.abort();
            signal.throwIfAborted();
          }),
          builder(),
        ],
        { signal: stop.signal },
      );
      await assert.rejects(
        first,
        (error) =>
          failure('engine.install.cancelled', /Nothing was left behind/)(error) &&
          (error as FinePruneError).kind === 'cancelled',
      );
      assert.equal(existsSync(staged), false);
      assert.deepEqual(inNativeFolder(), []);
    });

    it('recovers from a process that was killed: its lock is stale, its staging folder garbage', async () => {
      const native = path.dirname(target);
      await mkdir(path.join(native, 'install.lock'), { recursive: true });
      await mkdir(path.join(native, '.staging-killed', 'deep'), { recursive: true });
      const longAgo = new Date(Date.now() - 3_600_000);
      await utimes(path.join(native, 'install.lock'), longAgo, longAgo);
      await place([builder()]);
      assert.equal(await version(), '2.21.0');
      assert.deepEqual(inNativeFolder(), [PLATFORM]);
    });

    it('gives up, and touches nothing, when its lock was taken away', async () => {
      const lock = path.join(path.dirname(target), 'install.lock');
      const stolen = builder(async (_staging, signal) => {
        await rm(lock, { recursive: true });
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      });
      await assert.rejects(
        place([stolen], { staleMs: 2000 }),
        failure('engine.install.lock', /lost its turn/, /again/),
      );
      assert.equal(await version(), undefined);
    });

    it('removes the engine, and says whether there was one', async () => {
      assert.equal(await removeNativeEngine(env), false);
      await place([builder()]);
      assert.equal(await removeNativeEngine(env), true);
      assert.equal(await removeEngine(target), false);
      assert.deepEqual(inNativeFolder(), []);
      assert.equal((await findNativeEngine({ env })).installed, false);
    });
  });
});
