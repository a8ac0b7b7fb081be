import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunOutcome } from '../../../server/protocol/messages/engine';
import type { Failure } from '../../../server/protocol/errors';
import { EXAMPLE_POINTER } from '../../fixtures/other-files';
import { built } from '../../harness/built';
import { waitFor } from '../../harness/poll';
import { RunFolders } from '../run-folders';
import { start, type Finished } from '../started';

const CLI = built('cli');
const EXAMPLE = path.resolve(__dirname, '../../../examples/mnist-badnets');

describe('commands of the command line', function () {
  this.timeout(120_000);
  const runs = new RunFolders('fp-commands-');
  before(async () => {
    await mkdir(runs.at('badnets'));
    for (const name of ['model.json', 'weights.bin', 'CARD.md'])
      await copyFile(path.join(EXAMPLE, name), runs.at('badnets', name));
  });

  const cli = (args: string[], env?: NodeJS.ProcessEnv): Promise<Finished> =>
    start(CLI, args, { cwd: runs.dir, ...(env && { env }) }).finished;
  const failure = (text: string): Failure => (JSON.parse(text) as { failure: Failure }).failure;

  it('exits with 2 on bad input, and says what to do', async () => {
    const none = await cli(['run', 'badnets/CARD.md']);
    assert.deepEqual([none.code, none.stdout], [2, '']);
    assert.match(
      none.stderr,
      /^error This is not a model file: it is text, but not JSON\.\n {2}at .*CARD\.md\n {2}→ Choose the model\.json/,
    );

    const missing = await cli(['run', 'nowhere.fineprune.json', '--json']);
    assert.equal(missing.code, 2);
    assert.equal(failure(missing.stdout).kind, 'input');

    await writeFile(runs.at('broken.fineprune.json'), '{ "model": ');
    const broken = await cli(['run', 'broken.fineprune.json', '--json']);
    assert.equal(broken.code, 2);
    assert.equal(failure(broken.stdout).file, runs.at('broken.fineprune.json'));

    const flag = await cli(['run', '--nonsense', '--json']);
    assert.deepEqual([flag.code, failure(flag.stdout).code], [2, 'cli.usage']);
  });

  it('exits with 1 on a missed gate, with 0 when only the report is asked for', async () => {
    const { config } = await runs.make('gate', 0);
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
    const { config } = await runs.make('no-engine', 1);
    const result = await cli(['run', config, '--report-only', '--backend', 'native', '--json'], {
      FINE_PRUNE_NATIVE_BINDING: runs.at('no.node'),
    });
    assert.equal(result.code, 3, result.stdout);
    assert.equal(failure(result.stdout).kind, 'engine');
  });

  it('exits with 130 on Ctrl-C, and leaves no half file', async () => {
    const { folder, config } = await runs.make('ctrl-c', 1000);
    const { child, out, finished } = start(CLI, ['run', config, '--report-only'], { cwd: runs.dir });
    await waitFor('training', () => out().includes('Fine-tuning'), { deadlineMs: 60_000 });
    child.kill('SIGINT');
    const { code, stderr } = await finished;
    assert.equal(code, 130);
    assert.match(stderr, /was cancelled/);
    assert.deepEqual(await readdir(folder), ['m.fineprune.json']);
  });

  it('writes a config that runs, and never replaces one', async () => {
    await mkdir(runs.at('fresh'));
    await writeFile(runs.at('fresh', 'model.json'), await readFile(runs.at('badnets', 'model.json')));
    await writeFile(runs.at('fresh', 'weights.bin'), await readFile(runs.at('badnets', 'weights.bin')));
    const unnamed = await cli(['run', 'fresh/model.json']);
    assert.equal(unnamed.code, 2);
    assert.match(unnamed.stderr, /fine-prune init fresh\/model\.json --train/);
    const args = [
      'init',
      'fresh/model.json',
      '--train',
      runs.files.train.images,
      runs.files.train.labels,
      '--test',
      runs.files.test.images,
      runs.files.test.labels,
      '--trigger',
      'patch',
    ];
    const made = await cli(args);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /fine-prune run fresh\/fresh\.fineprune\.json\n$/);
    const elsewhere = ['init', 'model.json', '--name', 'allowed', ...args.slice(2)];
    const { stdout } = await start(CLI, elsewhere, { cwd: runs.at('fresh') }).finished;
    assert.match(
      stdout,
      /fine-prune run allowed\.fineprune\.json --allow \.\.(\/\w+)?\n$/,
      'where the data may be read from',
    );
    await rm(runs.at('fresh', 'allowed.fineprune.json'));
    assert.equal(made.stderr, '', 'nothing to warn of');
    const again = await cli(args);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /already exists/);
    await mkdir(runs.at('pointer'));
    await writeFile(runs.at('pointer', 'model.json'), await readFile(runs.at('badnets', 'model.json')));
    await writeFile(runs.at('pointer', 'weights.bin'), EXAMPLE_POINTER);
    const pointed = await cli(['init', 'pointer/model.json', ...args.slice(2)]);
    assert.equal(pointed.code, 0, pointed.stderr);
    assert.match(
      pointed.stderr,
      /^warning The weights of the model are missing: weights\.bin is a Git LFS pointer, not fetched\.\n {2}→ Run `git lfs pull`/,
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
