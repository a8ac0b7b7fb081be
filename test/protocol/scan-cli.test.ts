import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Failure } from '../../server/protocol/errors';
import type { ScanOutcome, ScanReport } from '../../server/protocol/scan';
import { ownCache } from '../harness/own-cache';
import { waitFor } from '../harness/poll';
import { makeTempDir } from '../harness/processes';
import { makeDemo } from './demo-folder';

const TSX = pathToFileURL(createRequire(__filename).resolve('tsx')).href;
const CLI = path.resolve(__dirname, '../../server/cli.ts');

/** The command line, on the backdoored demo model and the first images of MNIST. */
describe('fine-prune scan', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-scan-cli-');
  let folder: string;

  before(async () => {
    folder = path.dirname(await makeDemo(temp.dir, { train: 800, test: 300 }));
    await rm(path.join(folder, 'demo.fineprune.json'));
  });
  after(() => temp.remove());

  function start(...args: string[]): { child: ChildProcess; said: () => string; finished: Promise<{ code: number | null; stdout: string; stderr: string }> } {
    const env = { ...process.env, FINE_PRUNE_CACHE: ownCache(temp.dir) };
    const child = spawn(process.execPath, ['--import', TSX, CLI, 'scan', ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return { child, said: () => stderr, finished: new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr }))) };
  }
  const CLEAN = ['--clean', 'data/train-images-idx3-ubyte', 'data/train-labels-idx1-ubyte'];
  const AT_FIRST = ['data', 'model.json', 'weights.bin'];

  it('exits with 130 on Ctrl-C, and leaves nothing', async () => {
    const { child, said, finished } = start('model.json', ...CLEAN);
    await waitFor('the search', () => said().includes('Searching a trigger'), { deadlineMs: 60_000 });
    child.kill('SIGINT');
    const { code, stdout, stderr } = await finished;
    assert.equal(code, 130, stderr);
    assert.equal(stdout, '');
    assert.deepEqual((await readdir(folder)).sort(), AT_FIRST);
  });

  it('refuses images that the model does not know, instead of finding something in them', async () => {
    // Labels of other images: nothing else is wrong with them.
    const labels = await readFile(path.join(folder, CLEAN[2]!));
    await writeFile(path.join(folder, 'data', 'other-labels'), Buffer.concat([labels.subarray(0, 8), Buffer.from(labels.subarray(8)).reverse()]));
    const { code, stdout, stderr } = await start('model.json', '--clean', CLEAN[1]!, 'data/other-labels', '--backend', 'wasm').finished;
    await rm(path.join(folder, 'data', 'other-labels'));
    assert.equal(code, 2, stdout);
    assert.match(stderr, /hardly better than guessing/);
    assert.match(stderr, /Check that labels, scale, mean and std/);
    assert.deepEqual((await readdir(folder)).sort(), AT_FIRST);
  });

  it('names the target class of an unknown trigger from model and clean images alone, and exits with 1', async () => {
    const { code, stdout, stderr } = await start('model.json', ...CLEAN, '--name', 'found').finished;
    assert.equal(code, 1, stderr);
    assert.match(stdout, /^SUSPICIOUS: class 0: a mask of [\d.]+ pixels takes [\d.]+ % of other images to it/);
    assert.match(stdout, /^! +0 /m);
    assert.match(stdout, /[█▓]/);
    assert.match(stdout, /^Result {2}found\.scan\.json$/m);
    assert.match(stderr, /smallest mask: class 0, [\d.]+ px \(0\.\d\d of the median\)/);
    const report = JSON.parse(await readFile(path.join(folder, 'found.scan.json'), 'utf8')) as ScanReport;
    assert.deepEqual(report.scan.flagged, [0]);
    assert.deepEqual(report.data.clean, { images: CLEAN[1], labels: CLEAN[2] });
  });

  it('gives the same as JSON, from the same bytes at once, with 0 for the report only', async () => {
    const { code, stdout, stderr } = await start(...CLEAN, '--json', '--report-only').finished;
    assert.equal(code, 0, stderr);
    const { report, file, cached } = JSON.parse(stdout) as ScanOutcome;
    assert.equal(cached, true);
    // A folder's name, as it is: it is a file name already.
    assert.equal(file, path.join(folder, `${path.basename(folder)}.scan.json`));
    assert.deepEqual(report, JSON.parse(await readFile(path.join(folder, 'found.scan.json'), 'utf8')));
  });

  it('exits with 2 for what can\'t be scanned, with the reason, and with 3 where no engine can', async () => {
    const failure = async (...args: string[]): Promise<Failure & { code: string; exit: number | null }> => {
      const { code, stdout, stderr } = await start(...args, '--json').finished;
      assert.ok(stdout.startsWith('{'), stderr);
      return { ...(JSON.parse(stdout) as { failure: Failure }).failure, exit: code };
    };
    assert.deepEqual(await failure('model.json').then(({ code, exit }) => [code, exit]), ['cli.noConfig', 2]);
    const swapped = await failure('model.json', '--clean', CLEAN[2]!, CLEAN[1]!);
    assert.deepEqual([swapped.kind, swapped.exit], ['input', 2]);
    assert.ok(swapped.file);
    const weights = path.join(folder, 'weights.bin');
    await rename(weights, `${weights}.away`);
    const missing = await failure('model.json', ...CLEAN);
    await rename(`${weights}.away`, weights);
    assert.deepEqual([missing.kind, missing.exit], ['input', 2]);
    const env = process.env.FINE_PRUNE_NATIVE_BINDING;
    process.env.FINE_PRUNE_NATIVE_BINDING = path.join(folder, 'no.node');
    const engine = await failure('model.json', ...CLEAN, '--backend', 'native');
    if (env === undefined) delete process.env.FINE_PRUNE_NATIVE_BINDING;
    else process.env.FINE_PRUNE_NATIVE_BINDING = env;
    assert.deepEqual([engine.kind, engine.exit], ['engine', 3]);
  });
});
