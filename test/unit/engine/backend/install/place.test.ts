import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { installFailure } from '../../../../../server/engine/backend/install/failure';
import { readEngine } from '../../../../../server/engine/backend/native-manifest';
import {
  placeEngine,
  removeEngine,
  type EngineBuilder,
  type PlaceOptions,
} from '../../../../../server/engine/backend/install/place';
import { removeNativeEngine } from '../../../../../server/engine/backend/install/native-install';
import {
  BINDING_FILE,
  PLATFORM,
  engineFolder,
  findNativeEngine,
} from '../../../../../server/engine/backend/native-sources';
import { FinePruneError } from '../../../../../server/protocol/errors';
import { ELF, failure, cacheOfTest } from '../support';

describe('placing a native engine', () => {
  const cache = cacheOfTest();

  let target: string;

  beforeEach(() => (target = engineFolder(cache.env)));

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
        assert.equal((await findNativeEngine({ env: cache.env })).installed, false);
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
    await assert.rejects(place([stolen], { staleMs: 2000 }), failure('engine.install.lock', /lost its turn/, /again/));
    assert.equal(await version(), undefined);
  });

  it('removes the engine, and says whether there was one', async () => {
    assert.equal(await removeNativeEngine(cache.env), false);
    await place([builder()]);
    assert.equal(await removeNativeEngine(cache.env), true);
    assert.equal(await removeEngine(target), false);
    assert.deepEqual(inNativeFolder(), []);
    assert.equal((await findNativeEngine({ env: cache.env })).installed, false);
  });
});
