import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readScan } from '../../../server/engine/report/json/read-scan';
import type { Failure } from '../../../server/protocol/errors';
import { suspectedClasses, type ScanOutcome, type ScanReport } from '../../../server/protocol/report/scan';
import { built } from '../../harness/built';
import { ownCache } from '../../harness/own-cache';
import { waitFor } from '../../harness/poll';
import { makeTempDir } from '../../harness/processes';
import { makeSmallDemo } from '../demo-folder';
import { masksOf } from '../../fixtures/scan-result';

/** The command line, on a small backdoored network and the first images of MNIST. */
describe('fine-prune scan', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-scan-cli-');
  let folder: string;

  before(async () => {
    folder = path.dirname(await makeSmallDemo(temp.dir, { train: 800, test: 300 }));
    await rm(path.join(folder, 'demo.fineprune.json'));
  });
  after(() => temp.remove());

  function start(...args: string[]): {
    child: ChildProcess;
    said: () => string;
    finished: Promise<{ code: number | null; stdout: string; stderr: string }>;
  } {
    const env = { ...process.env, FINE_PRUNE_CACHE: ownCache(temp.dir) };
    const child = spawn(process.execPath, [built('cli'), 'scan', ...args], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    return {
      child,
      said: () => stderr,
      finished: new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr }))),
    };
  }
  const CLEAN = ['--clean', 'data/train-images-idx3-ubyte', 'data/train-labels-idx1-ubyte'];
  const AT_FIRST = ['data', 'model.json', 'weights.bin'];

  it('exits with 130 on Ctrl-C, and leaves nothing', async () => {
    const { child, said, finished } = start('model.json', ...CLEAN);
    await waitFor('the search', () => said().includes('Searching for a trigger'), { deadlineMs: 60_000 });
    child.kill('SIGINT');
    const { code, stdout, stderr } = await finished;
    assert.equal(code, 130, stderr);
    assert.equal(stdout, '');
    assert.deepEqual((await readdir(folder)).sort(), AT_FIRST);
  });

  it('says of images that the model does not know that nothing can be measured, instead of finding something in them', async () => {
    // Labels of other images: nothing else is wrong with them.
    const labels = await readFile(path.join(folder, CLEAN[2]!));
    await writeFile(
      path.join(folder, 'data', 'other-labels'),
      Buffer.concat([labels.subarray(0, 8), Buffer.from(labels.subarray(8)).reverse()]),
    );
    const { code, stdout, stderr } = await start(
      'model.json',
      '--clean',
      CLEAN[1]!,
      'data/other-labels',
      '--backend',
      'wasm',
      '--name',
      'unknown',
    ).finished;
    await rm(path.join(folder, 'data', 'other-labels'));
    assert.equal(code, 2, stderr);
    assert.match(stdout, /^NOT MEASURABLE: the model classifies [\d.]+ % of 800 clean images as labelled/);
    const text = stdout.replace(/\s+/g, ' ');
    assert.match(text, /hardly better than guessing, so no trigger was searched/);
    assert.match(text, /Check that labels, scale, mean and std/);
    const { scan } = JSON.parse(await readFile(path.join(folder, 'unknown.scan.json'), 'utf8')) as ScanReport;
    assert.deepEqual(
      [scan.word, masksOf(scan).classes, suspectedClasses(scan), scan.advice],
      ['not measurable', [], [], undefined],
    );
    assert.ok(scan.cleanAccuracy!.of === 800 && scan.cleanAccuracy!.rate < 0.2, JSON.stringify(scan.cleanAccuracy));
    await rm(path.join(folder, 'unknown.scan.json'));
    assert.deepEqual((await readdir(folder)).sort(), AT_FIRST);
  });

  it('offers the order of labels that fits, in the same place', async () => {
    const labels = await readFile(path.join(folder, CLEAN[2]!));
    await writeFile(
      path.join(folder, 'data', 'moved-labels'),
      Buffer.concat([labels.subarray(0, 8), Buffer.from(labels.subarray(8).map((label) => (label + 3) % 10))]),
    );
    const { code, stdout, stderr } = await start(
      'model.json',
      '--clean',
      CLEAN[1]!,
      'data/moved-labels',
      '--json',
      '--name',
      'moved',
    ).finished;
    assert.equal(code, 2, stderr);
    const { report } = JSON.parse(stdout) as ScanOutcome;
    assert.deepEqual(
      report.scan.advice!.labels!.classes,
      Array.from({ length: 10 }, (_, data) => ({ data, model: (data + 7) % 10 })),
    );
    assert.ok(report.scan.sentence.endsWith(report.scan.advice!.sentence), report.scan.sentence);
    for (const name of ['data/moved-labels', 'moved.scan.json']) await rm(path.join(folder, name));
  });

  it('names the target class of an unknown trigger from model and clean images alone, and exits with 1', async () => {
    const { code, stdout, stderr } = await start('model.json', ...CLEAN, '--name', 'found').finished;
    assert.equal(code, 1, stderr);
    assert.match(stdout, /^SUSPICIOUS: a mask of [\d.]+ pixels sends [\d.]+ % of other images to class 0/);
    assert.match(stdout, /^! +0 /m);
    assert.match(stdout, /[█▓]/);
    assert.match(stdout, /^Result {2}found\.scan\.json$/m);
    assert.match(stdout.replace(/[│\s]+/g, ' '), /Clean accuracy 9[\d.]+ % on 800 images/);
    assert.match(stderr, /^Pixels: scale 1\/255, mean 0, std 1, the defaults; no config beside the model names it\.$/m);
    assert.match(
      stderr,
      /^Searching for triggers: 10 classes × 16 images × 120 steps, (less than a minute|about \d+ minutes?); the time grows with the number of classes\.$/m,
    );
    assert.match(stderr, / · (0\.)?\d+ %$/m);
    assert.match(stderr, /smallest mask: class 0, [\d.]+ px \(0\.\d\d of the median\)/);
    const report = JSON.parse(await readFile(path.join(folder, 'found.scan.json'), 'utf8')) as ScanReport;
    assert.deepEqual(suspectedClasses(report.scan), [0]);
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

  it('searches only the classes that are asked for, says so, and compares no fewer than five', async () => {
    const few = await start('model.json', ...CLEAN, '--classes', '0,3', '--name', 'few', '--json').finished;
    assert.equal(few.code, 2, few.stderr);
    const { report } = JSON.parse(few.stdout) as ScanOutcome;
    assert.deepEqual(
      [report.scan.word, suspectedClasses(report.scan), report.scan.searched],
      ['not measurable', [], { classes: [0, 3], of: 10 }],
    );
    assert.match(
      report.scan.sentence,
      /^Not measurable: only 2 of 10 classes were searched \(0, 3\), too few to compare; at least 5 are needed\. The smallest mask, of class 0, has/,
    );
    const some = await start('model.json', ...CLEAN, '--classes', '0-4,7', '--name', 'some').finished;
    assert.equal(some.code, 1, some.stderr);
    assert.match(
      some.stdout.replace(/\s+/g, ' '),
      /^SUSPICIOUS: a mask of .* to class 0 .*The median over the searched classes is \d+ pixels\. Tried: trigger inversion; 6 of 10 classes were searched \(0-4, 7\), and nothing is known about the others\./,
    );
    const written = readScan(await readFile(path.join(folder, 'some.scan.json'), 'utf8'), 'some.scan.json').scan;
    assert.deepEqual(
      [masksOf(written).classes.map(({ target }) => target), written.searched],
      [[0, 1, 2, 3, 4, 7], { classes: [0, 1, 2, 3, 4, 7], of: 10 }],
    );
    const again = await start('model.json', ...CLEAN, '--classes', '0-4,7', '--name', 'some', '--json').finished;
    assert.equal(
      (JSON.parse(again.stdout) as ScanOutcome).cached,
      true,
      'and is kept apart from a scan of all classes',
    );
    const wrong = await start('model.json', ...CLEAN, '--classes', '3,10', '--json').finished;
    const { failure } = JSON.parse(wrong.stdout) as { failure: Failure };
    assert.deepEqual(
      [wrong.code, failure.code, failure.message],
      [2, 'masksOf(scan).classes', 'The model has 10 classes, 0 to 9; class 10 is not one of them.'],
    );
  });

  it("exits with 2 for what can't be scanned, with the reason, and with 3 where no engine can", async () => {
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
