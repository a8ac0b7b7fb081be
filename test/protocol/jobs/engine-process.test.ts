import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { startEngine, startPoisonTrain } from '../../../server/jobs/engine-process';
import type { EngineEvent, RunOutcome } from '../../../server/protocol/messages/engine';
import { type Failure, FinePruneError } from '../../../server/protocol/errors';
import { writeMnistSubset } from '../../fixtures/mnist';
import { EXAMPLE_POINTER } from '../../fixtures/other-files';
import { isAlive } from '../../harness/alive';
import { built } from '../../harness/built';
import { waitFor } from '../../harness/poll';
import { makeTempDir } from '../../harness/processes';

const TSX = ['--import', pathToFileURL(createRequire(__filename).resolve('tsx')).href];
const CLI = built('cli');
const PARENT = path.resolve(__dirname, '../../fixtures/engine-parent.ts');

interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts a program of ours; `lines` grows as it prints. */
function start(
  file: string,
  args: string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): { child: ChildProcess; out: () => string; finished: Promise<Finished> } {
  const child = spawn(process.execPath, [...(file.endsWith('.ts') ? TSX : []), file, ...args], {
    ...options,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
  return { child, out: () => stdout + stderr, finished };
}

describe('engine process', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-engine-');
  const at = (...parts: string[]): string => path.join(temp.dir, ...parts);
  let files: Awaited<ReturnType<typeof writeMnistSubset>>;
  after(() => temp.remove());

  /** A folder of its own for a test, with a config for the one model; `epochs` decides how long the run takes. */
  async function workspace(
    name: string,
    epochs: number,
  ): Promise<{ folder: string; config: string; request: Parameters<typeof startEngine>[0] }> {
    const folder = at(name);
    await mkdir(folder);
    const config = path.join(folder, 'm.fineprune.json');
    const data = {
      train: relative(folder, files.train),
      test: relative(folder, files.test),
      holdout: 100,
      fineTuneImages: 256,
      testImages: 200,
    };
    const value = { model: '../badnets/model.json', data, trigger: { kind: 'patch', target: 0 }, fineTune: { epochs } };
    await writeFile(config, JSON.stringify(value));
    return { folder, config, request: { config, allowedFolders: [temp.dir], root: temp.dir } };
  }

  const relative = (
    folder: string,
    { images, labels }: { images: string; labels: string },
  ): { images: string; labels: string } => ({
    images: path.relative(folder, images),
    labels: path.relative(folder, labels),
  });

  before(async () => {
    files = await writeMnistSubset(temp.dir, { train: 1000, test: 300 });
    const events: EngineEvent[] = [];
    const outcome = await startPoisonTrain(
      {
        ...files,
        out: at('badnets'),
        name: 'badnets',
        trigger: { kind: 'patch', target: 0 },
        ...{ poisonRate: 0.1, seed: 0, epochs: 1, batchSize: 64, learningRate: 0.001, backend: 'auto', threads: 1 },
      },
      { onEvent: (event) => events.push(event), signal: new AbortController().signal },
    );
    assert.equal(outcome.cleanAccuracy.of, 300);
    assert.ok(events.some((event) => event.type === 'backend'));
    for (const file of Object.values(outcome.files)) assert.ok(existsSync(file), file);
  });

  it('does a whole run, tells what it does, and leaves only what it wrote', async () => {
    const { folder, request } = await workspace('whole', 1);
    const events: EngineEvent[] = [];
    let pid = 0;
    const outcome = await startEngine(request, {
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
    const { folder, request } = await workspace('cancelled', 1000);
    const stop = new AbortController();
    let pid = 0;
    let cancelledAt = 0;
    const onEvent = (event: EngineEvent): void => {
      if (stop.signal.aborted || event.type !== 'progress' || event.phase !== 'fine-tune' || event.step === 0) return;
      cancelledAt = performance.now();
      stop.abort();
    };
    await assert.rejects(
      startEngine(request, { onEvent, onStart: (id) => (pid = id), signal: stop.signal }),
      (error) => error instanceof FinePruneError && error.kind === 'cancelled',
    );
    assert.ok(performance.now() - cancelledAt < 2_000, `took ${performance.now() - cancelledAt} ms`);
    assert.equal(isAlive(pid), false);
    assert.deepEqual(await readdir(folder), ['m.fineprune.json']);
  });

  it('does not start when it is cancelled before', async () => {
    const { request } = await workspace('before', 1);
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
      const { folder, request } = await workspace(signal, 1000);
      let pid = 0;
      const onEvent = (event: EngineEvent): void => {
        if (event.type === 'stage') process.kill(pid, signal);
      };
      await assert.rejects(
        startEngine(request, { onEvent, onStart: (id) => (pid = id), signal: new AbortController().signal }),
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
    const { request } = await workspace('heap', 1);
    await assert.rejects(
      startEngine(request, { onEvent: () => undefined, signal: new AbortController().signal, heapMb: 10 }),
      (error) => {
        assert.ok(error instanceof FinePruneError);
        assert.equal(error.code, 'engine.outOfMemory');
        return true;
      },
    );
  });

  it('says that a Node that is configured is not there', async () => {
    const { request } = await workspace('no-node', 1);
    await assert.rejects(
      startEngine(request, {
        onEvent: () => undefined,
        signal: new AbortController().signal,
        execPath: at('no', 'node'),
      }),
      (error) => error instanceof FinePruneError && error.code === 'engine.start',
    );
  });

  for (const mode of ['engine', 'blocked'] as const) {
    it(`ends within 2 s when its parent is killed (${mode === 'engine' ? 'in training' : 'its main thread hanging'})`, async () => {
      const { config } = await workspace(`orphan-${mode}`, 1000);
      const parent = start(PARENT, [mode, config, temp.dir], { cwd: temp.dir });
      await waitFor('the child to be busy', () => parent.out().includes('busy'), { deadlineMs: 60_000 });
      const pid = Number(/pid (\d+)/.exec(parent.out())?.[1]);
      assert.ok(isAlive(pid));
      parent.child.kill('SIGKILL');
      const killedAt = performance.now();
      await waitFor('the orphan to end', () => !isAlive(pid), { deadlineMs: 10_000, intervalMs: 20 });
      assert.ok(performance.now() - killedAt < 2_000, `took ${performance.now() - killedAt} ms`);
    });
  }

  describe('under the command line', () => {
    const cli = (args: string[], env?: NodeJS.ProcessEnv): Promise<Finished> =>
      start(CLI, args, { cwd: temp.dir, ...(env && { env }) }).finished;
    const failure = (text: string): Failure => (JSON.parse(text) as { failure: Failure }).failure;

    it('exits with 2 on bad input, and says what to do', async () => {
      const none = await cli(['run', 'badnets/CARD.md']);
      assert.deepEqual([none.code, none.stdout], [2, '']);
      assert.match(
        none.stderr,
        /^error This is no model file: it is a text, but not JSON\.\n {2}at .*CARD\.md\n {2}→ Choose the model\.json/,
      );

      const missing = await cli(['run', 'nowhere.fineprune.json', '--json']);
      assert.equal(missing.code, 2);
      assert.equal(failure(missing.stdout).kind, 'input');

      await writeFile(at('broken.fineprune.json'), '{ "model": ');
      const broken = await cli(['run', 'broken.fineprune.json', '--json']);
      assert.equal(broken.code, 2);
      assert.equal(failure(broken.stdout).file, at('broken.fineprune.json'));

      const flag = await cli(['run', '--nonsense', '--json']);
      assert.deepEqual([flag.code, failure(flag.stdout).code], [2, 'cli.usage']);
    });

    it('exits with 1 on a missed gate, with 0 when only the report is asked for', async () => {
      const { config } = await workspace('gate', 0);
      await writeFile(
        config,
        (await readFile(config, 'utf8')).replace('"fineTune":', '"gates":{"maxAttackSuccessRate":0},"fineTune":'),
      );
      const missed = await cli(['run', config, '--json', '--backend', 'wasm']);
      assert.equal(missed.code, 1, missed.stderr);
      const { report, files: written, timings } = JSON.parse(missed.stdout) as RunOutcome;
      assert.equal(report.provenance.backend, 'wasm');
      assert.equal(report.gates[0]?.met, false);
      assert.ok(existsSync(written.report));
      assert.ok(timings.totalMs > 0);

      const reported = await cli(['run', config, '--report-only', '--out', 'elsewhere']);
      assert.equal(reported.code, 0, reported.stderr);
      assert.match(reported.stdout, /^Report +elsewhere\/m\.defense\.json \(and \.md\)$/m);
      assert.doesNotMatch(
        reported.stdout + reported.stderr,
        new RegExp('\\u001b'),
        'no colours and no bar where there is no terminal',
      );
    });

    it('exits with 3 when the engine that is asked for does not work', async () => {
      const { config } = await workspace('no-engine', 1);
      const result = await cli(['run', config, '--report-only', '--backend', 'native', '--json'], {
        FINE_PRUNE_NATIVE_BINDING: at('no.node'),
      });
      assert.equal(result.code, 3, result.stdout);
      assert.equal(failure(result.stdout).kind, 'engine');
    });

    it('exits with 130 on Ctrl-C, and leaves no half file', async () => {
      const { folder, config } = await workspace('ctrl-c', 1000);
      const { child, out, finished } = start(CLI, ['run', config, '--report-only'], { cwd: temp.dir });
      await waitFor('training', () => out().includes('Fine-tuning'), { deadlineMs: 60_000 });
      child.kill('SIGINT');
      const { code, stderr } = await finished;
      assert.equal(code, 130);
      assert.match(stderr, /was cancelled/);
      assert.deepEqual(await readdir(folder), ['m.fineprune.json']);
    });

    it('writes a config that runs, and never replaces one', async () => {
      await mkdir(at('fresh'));
      await writeFile(at('fresh', 'model.json'), await readFile(at('badnets', 'model.json')));
      await writeFile(at('fresh', 'weights.bin'), await readFile(at('badnets', 'weights.bin')));
      const unnamed = await cli(['run', 'fresh/model.json']);
      assert.equal(unnamed.code, 2);
      assert.match(unnamed.stderr, /fine-prune init fresh\/model\.json --train/);
      const args = [
        'init',
        'fresh/model.json',
        '--train',
        files.train.images,
        files.train.labels,
        '--test',
        files.test.images,
        files.test.labels,
        '--trigger',
        'patch',
      ];
      const made = await cli(args);
      assert.equal(made.code, 0, made.stderr);
      assert.match(made.stdout, /fine-prune run fresh\/fresh\.fineprune\.json/);
      assert.equal(made.stderr, '', 'nothing to warn of');
      const again = await cli(args);
      assert.equal(again.code, 2);
      assert.match(again.stderr, /exists already/);
      await mkdir(at('pointer'));
      await writeFile(at('pointer', 'model.json'), await readFile(at('badnets', 'model.json')));
      await writeFile(at('pointer', 'weights.bin'), EXAMPLE_POINTER);
      const pointed = await cli(['init', 'pointer/model.json', ...args.slice(2)]);
      assert.equal(pointed.code, 0, pointed.stderr);
      assert.match(
        pointed.stderr,
        /^warning The weights of the model are not here: weights\.bin is a Git LFS pointer, not fetched\.\n {2}→ Run `git lfs pull`/,
      );
      const run = await cli(['run', 'fresh/model.json', '--report-only']);
      assert.equal(run.code, 0, run.stderr);
    });

    it('helps with examples for each command', async () => {
      for (const command of ['run', 'scan', 'init', 'poison-train', 'engine']) {
        const { code, stdout } = await cli([command, '--help']);
        assert.equal(code, 0);
        assert.match(stdout, /Examples:\n {2}\$ fine-prune /);
      }
    });
  });
});
