import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { lockName } from '../../../../server/protocol/files';
import { isAlive } from '../../../harness/alive';
import { built } from '../../../harness/built';
import { allowed } from '../../../harness/busy';
import { waitFor } from '../../../harness/poll';
import { childrenOf } from '../../children';
import { RunFolders } from '../../run-folders';
import { start } from '../../started';

const CLI = built('cli');
const ROOT = path.resolve(__dirname, '../../../..');
const EXAMPLE = path.join(ROOT, 'examples/mnist-badnets');
const REPORT = path.join(ROOT, 'test/fixtures/v0.1/known.defense.json');
/** What a command is given to end, as the issue says it. */
const WITHIN_MS = 2_000;

type Ending = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Sends a signal and waits. @returns how the process ended, as a shell puts it, and how long that took */
async function ended(child: ChildProcess, ...signals: Ending[]): Promise<{ status: number; ms: number }> {
  const began = Date.now();
  const end = new Promise<number>((resolve) =>
    child.once('exit', (code, by) => resolve(by === null ? code! : 128 + os.constants.signals[by])),
  );
  for (const signal of signals) {
    child.kill(signal);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const status = await end;
  clearTimeout(late);
  return { status, ms: Date.now() - began };
}

describe('signals end every command', function () {
  this.timeout(240_000);
  const runs = new RunFolders('fp-signals-');
  let block: string;

  before(async () => {
    await mkdir(runs.at('badnets'));
    for (const name of ['model.json', 'weights.bin'])
      await copyFile(path.join(EXAMPLE, name), runs.at('badnets', name));
    // The worst that a command can be in: computing, without ever looking at what happened meanwhile.
    block = runs.at('block.cjs');
    await writeFile(
      block,
      `setImmediate(() => setImmediate(() => { require('node:fs').writeSync(2, 'BUSY\\n'); const end = Date.now() + 15000; while (Date.now() < end); }));`,
    );
  });

  const data = (): string[] => [
    ...['--train', runs.files.train.images, runs.files.train.labels],
    ...['--test', runs.files.test.images, runs.files.test.labels],
  ];
  const commands: [string, () => string[]][] = [
    ['run', () => ['run', runs.dir]],
    ['scan', () => ['scan', runs.at('badnets/model.json')]],
    ['init', () => ['init', runs.at('badnets/model.json'), ...data()]],
    ['poison-train', () => ['poison-train', ...data(), '--out', runs.at('made')]],
    ['report', () => ['report', REPORT]],
    ['compare', () => ['compare', REPORT, REPORT]],
    ['check', () => ['check', REPORT]],
    ['check --measure', () => ['check', '--measure', REPORT]],
    ['textconv', () => ['textconv', runs.at('badnets/model.json')]],
    ['engine status', () => ['engine', 'status']],
    ['engine remove', () => ['engine', 'remove']],
    ['--help', () => ['--help']],
  ];
  for (const [name, args] of commands) {
    it(`while ${name} computes before it has an engine to wait for`, async () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        const { child, out } = start(CLI, args(), {
          cwd: runs.dir,
          env: { NODE_OPTIONS: `--require ${block}`, FINE_PRUNE_CACHE: runs.at('cache') },
        });
        await waitFor('the work', () => out().includes('BUSY'));
        const { status, ms } = await ended(child, signal);
        assert.equal(status, 128 + os.constants.signals[signal]);
        assert.ok(ms < allowed(WITHIN_MS), `${ms} ms`);
      }
    });
  }

  it('while a run waits for the lock of another one, which keeps it', async () => {
    const { folder, config } = await runs.make('locked', 1);
    const held = path.join(folder, lockName('m'));
    await mkdir(held);
    const renewing = setInterval(() => void utimes(held, new Date(), new Date()), 500);
    try {
      for (const [signal, status] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
        ['SIGHUP', 129],
      ] as const) {
        const { child, out } = start(CLI, ['run', config], { cwd: runs.dir });
        await waitFor('the lock', () => out().includes('Waiting for'));
        const how = await ended(child, signal);
        assert.equal(how.status, status, out());
        assert.ok(how.ms < allowed(WITHIN_MS), `${how.ms} ms`);
        assert.deepEqual((await readdir(folder)).sort(), [path.basename(held), 'm.fineprune.json'].sort());
      }
    } finally {
      clearInterval(renewing);
    }
  });

  /** Starts a command and waits until its engine process is there, or until it says something. */
  async function withEngine(args: string[], said?: string): Promise<ReturnType<typeof start> & { engine: number }> {
    const started = start(CLI, args, { cwd: runs.dir, env: { FINE_PRUNE_CACHE: runs.at('cache') } });
    const engine = await waitFor('the engine', () => childrenOf(started.child.pid!)[0], { deadlineMs: 60_000 });
    if (said !== undefined) await waitFor(said, () => started.out().includes(said), { deadlineMs: 60_000 });
    return { ...started, engine };
  }

  async function endsWithEngine(
    args: string[],
    said: string | undefined,
    signal: Ending,
    status: number,
  ): Promise<void> {
    const { child, out, engine } = await withEngine(args, said);
    const how = await ended(child, signal);
    assert.equal(how.status, status, out());
    assert.ok(how.ms < allowed(WITHIN_MS), `${how.ms} ms`);
    await waitFor('the end of the engine', () => !isAlive(engine), { deadlineMs: 2_000 });
  }

  it('while the engine of a run starts, and while it trains', async () => {
    const { folder, config } = await runs.make('train', 1000);
    await endsWithEngine(['run', config], undefined, 'SIGTERM', 143);
    await endsWithEngine(['run', config], 'Fine-tuning', 'SIGHUP', 129);
    await endsWithEngine(['run', config], 'Fine-tuning', 'SIGINT', 130);
    assert.deepEqual(await readdir(folder), ['m.fineprune.json']);
  });

  it('while poison-train trains', async () => {
    const args = ['poison-train', ...data(), '--out', runs.at('poisoned'), '--epochs', '1000'];
    await endsWithEngine(args, 'Training', 'SIGTERM', 143);
  });

  it('while a check measures', async () => {
    const { config } = await runs.make('checked', 0);
    const made = await start(CLI, ['run', config, '--report-only'], { cwd: runs.dir }).finished;
    assert.equal(made.code, 0, made.stderr);
    const report = path.join(path.dirname(config), 'm.defense.json');
    await endsWithEngine(['check', '--measure', report], undefined, 'SIGINT', 130);
    await endsWithEngine(['check', '--reproduce', report], undefined, 'SIGTERM', 143);
  });

  it('even when the engine is deaf, and at once when asked twice', async () => {
    const { config } = await runs.make('deaf', 1000);
    for (const signals of [['SIGINT'], ['SIGINT', 'SIGINT'], ['SIGTERM', 'SIGINT']] as Ending[][]) {
      const { child, engine } = await withEngine(['run', config], 'Fine-tuning');
      process.kill(engine, 'SIGSTOP');
      const { status, ms } = await ended(child, ...signals);
      assert.equal(status, 128 + os.constants.signals[signals[0]!]);
      assert.ok(ms < allowed(signals.length > 1 ? 500 : WITHIN_MS), `${ms} ms`);
      await waitFor('the end of the engine', () => !isAlive(engine), { deadlineMs: 2_000 });
    }
  });

  it('while an installation asks a Python that takes its time, which ends, too', async () => {
    const python = runs.at('slow-python');
    await writeFile(python, '#!/bin/sh\necho $$ > "$0.pid"\nexec sleep 600\n');
    await chmod(python, 0o755);
    const { child, finished } = start(CLI, ['engine', 'install', '--yes', '--from', 'python'], {
      cwd: runs.dir,
      env: { FINE_PRUNE_PYTHON: python, FINE_PRUNE_CACHE: runs.at('cache'), FINE_PRUNE_NATIVE_BINDING: '' },
    });
    const pid = Number(await waitFor('Python', () => readFile(`${python}.pid`, 'utf8')));
    const { status, ms } = await ended(child, 'SIGINT');
    assert.equal(status, 130, (await finished).stderr);
    assert.ok(ms < allowed(WITHIN_MS), `${ms} ms`);
    await waitFor('the end of Python', () => !isAlive(pid), { deadlineMs: 2_000 });
  });

  it('with the whole group of a terminal: the engine leaves the decision to the command', async () => {
    const { config } = await runs.make('group', 1000);
    const started = spawn(process.execPath, [CLI, 'run', config], { cwd: runs.dir, detached: true });
    let said = '';
    started.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const closed = new Promise<number | null>((resolve) => started.once('close', resolve));
    await waitFor('training', () => said.includes('Fine-tuning'), { deadlineMs: 60_000 });
    process.kill(-started.pid!, 'SIGINT');
    assert.equal(await closed, 130, said);
    assert.match(said, /was cancelled/);
  });
});
