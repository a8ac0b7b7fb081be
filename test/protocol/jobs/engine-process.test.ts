import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { startEngine, startPoisonTrain } from '../../../server/jobs/engine-process';
import type { EngineEvent } from '../../../server/protocol/messages/engine';
import { FinePruneError } from '../../../server/protocol/errors';
import { isAlive } from '../../harness/alive';
import { built } from '../../harness/built';
import { waitFor } from '../../harness/poll';
import { RunFolders } from '../run-folders';
import { start } from '../started';
import { allowed } from '../../harness/busy';

const PARENT = path.resolve(__dirname, '../../fixtures/engine-parent.ts');

describe('engine process', function () {
  this.timeout(120_000);
  const runs = new RunFolders('fp-engine-');
  const workerPath = built('worker');

  before(async () => {
    const events: EngineEvent[] = [];
    const outcome = await startPoisonTrain(
      {
        ...runs.files,
        out: runs.at('badnets'),
        name: 'badnets',
        trigger: { kind: 'patch', target: 0 },
        ...{ poisonRate: 0.1, seed: 0, epochs: 1, batchSize: 64, learningRate: 0.001, backend: 'auto', threads: 1 },
      },
      { workerPath, onEvent: (event) => events.push(event), signal: new AbortController().signal },
    );
    assert.equal(outcome.cleanAccuracy.of, 300);
    assert.ok(events.some((event) => event.type === 'backend'));
    for (const file of Object.values(outcome.files)) assert.ok(existsSync(file), file);
  });

  it('does a whole run, tells what it does, and leaves only what it wrote', async () => {
    const { folder, request } = await runs.make('whole', 1);
    const events: EngineEvent[] = [];
    let pid = 0;
    const outcome = await startEngine(request, {
      workerPath,
      onEvent: (event) => events.push(event),
      onStart: (id) => (pid = id),
      signal: new AbortController().signal,
    });
    assert.equal(isAlive(pid), false);
    assert.deepEqual(
      JSON.parse(await readFile(outcome.files.report, 'utf8')),
      JSON.parse(JSON.stringify(outcome.report)),
    );
    assert.deepEqual((await readdir(folder)).sort(), [
      'm.defended',
      'm.defense.json',
      'm.defense.md',
      'm.fineprune.json',
    ]);
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'stage' ? [event.stage] : [])),
      ['before', 'pruned', 'after'],
    );
    const shares = events.flatMap((event) => (event.type === 'progress' ? [event.overall] : []));
    assert.deepEqual(
      shares,
      [...shares].sort((a, b) => a - b),
      'progress never goes back',
    );
  });

  it('is gone within 2 s of a cancel in the middle of training, and has written nothing', async () => {
    const { folder, request } = await runs.make('cancelled', 1000);
    const stop = new AbortController();
    let pid = 0;
    let cancelledAt = 0;
    const onEvent = (event: EngineEvent): void => {
      if (stop.signal.aborted || event.type !== 'progress' || event.phase !== 'fine-tune' || event.step === 0) return;
      cancelledAt = performance.now();
      stop.abort();
    };
    await assert.rejects(
      startEngine(request, { workerPath, onEvent, onStart: (id) => (pid = id), signal: stop.signal }),
      (error) => error instanceof FinePruneError && error.kind === 'cancelled',
    );
    assert.ok(performance.now() - cancelledAt < allowed(2_000), `took ${performance.now() - cancelledAt} ms`);
    assert.equal(isAlive(pid), false);
    assert.deepEqual(await readdir(folder), ['m.fineprune.json']);
  });

  it('does not start when it is cancelled before', async () => {
    const { request } = await runs.make('before', 1);
    const started: number[] = [];
    await assert.rejects(
      startEngine(request, {
        onEvent: () => undefined,
        onStart: (pid) => started.push(pid),
        signal: AbortSignal.abort(),
      }),
      (error) => error instanceof FinePruneError && error.kind === 'cancelled',
    );
    assert.deepEqual(started, []);
  });

  for (const [signal, code] of [
    ['SIGKILL', 'engine.outOfMemory'],
    ['SIGSEGV', 'engine.crashed'],
    ['SIGABRT', 'engine.crashed'],
  ] as const) {
    it(`turns its death by ${signal} into one error`, async () => {
      const { folder, request } = await runs.make(signal, 1000);
      let pid = 0;
      const onEvent = (event: EngineEvent): void => {
        if (event.type === 'stage') process.kill(pid, signal);
      };
      await assert.rejects(
        startEngine(request, {
          workerPath,
          onEvent,
          onStart: (id) => (pid = id),
          signal: new AbortController().signal,
        }),
        (error) => {
          assert.ok(error instanceof FinePruneError);
          assert.deepEqual([error.kind, error.code], ['engine', code]);
          assert.match(error.message, new RegExp(signal));
          assert.ok(error.todo);
          return true;
        },
      );
      assert.deepEqual(await readdir(folder), ['m.fineprune.json']);
    });
  }

  it('tells a heap that is too small from a crash', async () => {
    const { request } = await runs.make('heap', 1);
    await assert.rejects(
      startEngine(request, { workerPath, onEvent: () => undefined, signal: new AbortController().signal, heapMb: 10 }),
      (error) => {
        assert.ok(error instanceof FinePruneError);
        assert.equal(error.code, 'engine.outOfMemory');
        return true;
      },
    );
  });

  it('says that a Node that is configured is not there', async () => {
    const { request } = await runs.make('no-node', 1);
    await assert.rejects(
      startEngine(request, {
        onEvent: () => undefined,
        signal: new AbortController().signal,
        execPath: runs.at('no', 'node'),
      }),
      (error) => error instanceof FinePruneError && error.code === 'engine.start',
    );
  });

  for (const mode of ['engine', 'blocked'] as const) {
    it(`ends within 2 s when its parent is killed (${mode === 'engine' ? 'in training' : 'its main thread hanging'})`, async () => {
      const { config } = await runs.make(`orphan-${mode}`, 1000);
      const parent = start(PARENT, [mode, config, runs.dir], { cwd: runs.dir });
      await waitFor('the child to be busy', () => parent.out().includes('busy'), { deadlineMs: 60_000 });
      const pid = Number(/pid (\d+)/.exec(parent.out())?.[1]);
      assert.ok(isAlive(pid));
      parent.child.kill('SIGKILL');
      const killedAt = performance.now();
      await waitFor('the orphan to end', () => !isAlive(pid), { deadlineMs: 10_000, intervalMs: 20 });
      assert.ok(performance.now() - killedAt < allowed(2_000), `took ${performance.now() - killedAt} ms`);
    });
  }
});
