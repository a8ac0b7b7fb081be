import assert from 'node:assert/strict';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createProgress, describeProgress, KnownClasses, TimeLeft } from '../../../server/cli/output/progress';
import { exitCodeOfScan, planScan, scanCommand, type ScanFlags } from '../../../server/cli/commands/scan';
import { summarizeScan } from '../../../server/cli/output/scan-summary';
import { modelName, placedWithoutConfig } from '../../../server/engine/config/scan-inputs';
import { badInput, FinePruneError } from '../../../server/protocol/errors';
import type { ScanRequest } from '../../../server/protocol/report/scan';
import { quietScan, scanOf, suspiciousScan } from '../../fixtures/scan-result';
import { knownScan, otherPixels, partialScan, scanReport, unknownScan } from '../../fixtures/scan-report';
import { makeTempDir } from '../../harness/processes';

function flagsOf(args: string[]): ScanFlags {
  const command = scanCommand();
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  command.parseOptions(args);
  return command.opts();
}

const requested = async (...args: Parameters<typeof planScan>): Promise<ScanRequest> =>
  (await planScan(...args)).request;

const failsWith =
  (code: string, ...words: string[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FinePruneError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.kind, 'input');
    for (const word of words)
      assert.ok(`${error.message} ${error.todo ?? ''}`.includes(word), `${word} in: ${error.message} ${error.todo}`);
    return true;
  };

const config = (model = 'model.json', more = ''): string => `{
  "model": "${model}",
  "data": { "train": { "images": "data/X", "labels": "data/Y" }, "test": { "images": "data/x", "labels": "data/y" }${more} },
  "seed": 7, "backend": "wasm", "threads": 2
}`;

describe('command line of scan', () => {
  const temp = makeTempDir('fp-scan-');
  let cwd: string;
  const inCwd = (...names: string[]): string => path.join(cwd, ...names);

  before(async () => {
    cwd = await realpath(temp.dir);
    for (const folder of ['one', 'two', 'bare', 'empty', 'bare/model']) await mkdir(inCwd(folder), { recursive: true });
    for (const folder of ['one', 'two', 'bare']) await writeFile(inCwd(folder, 'model.json'), '{}');
    await writeFile(inCwd('one', 'mnist.fineprune.json'), config('model.json', ', "mean": 0.13, "std": [0.3]'));
    for (const name of ['a', 'b']) await writeFile(inCwd('two', `${name}.fineprune.json`), config());
  });
  after(() => temp.remove());

  it('takes clean data, pixels, seed and engine from the config, or from the one beside the model', async () => {
    const wanted = {
      model: inCwd('one', 'model.json'),
      clean: { images: inCwd('one', 'data', 'X'), labels: inCwd('one', 'data', 'Y') },
      scale: 1 / 255,
      mean: [0.13],
      std: [0.3],
      config: { holdout: 5000, fineTuneImages: null, target: null },
      out: { folder: inCwd('one'), name: 'mnist' },
      allowedFolders: [cwd],
      seed: 7,
      backend: 'wasm',
      threads: 2,
      useCache: true,
    };
    for (const target of ['one/mnist.fineprune.json', 'one/model.json', 'one'])
      assert.deepEqual(await requested(target, flagsOf([]), cwd), wanted, target);
    assert.deepEqual(await requested(undefined, {}, inCwd('one')), { ...wanted, allowedFolders: [inCwd('one')] });
  });

  it('takes every flag instead', async () => {
    const args = [
      '--clean',
      'i.gz',
      '/elsewhere/l.gz',
      '--out',
      'out',
      '--name',
      'x',
      '--backend',
      'native',
      '--threads',
      '1',
      '--seed',
      '0',
      '--scale',
      '1',
      '--mean',
      '0.1,0.2, 0.3',
      '--std',
      '2',
      '--allow',
      'more',
      '--no-cache',
      '--report-only',
    ];
    assert.deepEqual(await requested('one', flagsOf(args), cwd), {
      model: inCwd('one', 'model.json'),
      clean: { images: inCwd('i.gz'), labels: '/elsewhere/l.gz' },
      scale: 1,
      mean: [0.1, 0.2, 0.3],
      std: [2],
      out: { folder: inCwd('out'), name: 'x' },
      allowedFolders: [cwd, inCwd('more'), cwd, '/elsewhere'],
      seed: 0,
      backend: 'native',
      threads: 1,
      useCache: false,
    });
  });

  it('needs no config where clean data are given', async () => {
    assert.deepEqual(await requested('bare', flagsOf(['--clean', 'i', 'l']), cwd), {
      model: inCwd('bare', 'model.json'),
      clean: { images: inCwd('i'), labels: inCwd('l') },
      out: { folder: inCwd('bare'), name: 'bare' },
      allowedFolders: [cwd, cwd, cwd],
      seed: 0,
      backend: 'auto',
      threads: 1,
      useCache: true,
    });
  });

  describe('with clean data', () => {
    const clean = ['--clean', 'i', 'l'];
    const folder = async (name: string, configs: Record<string, string>): Promise<string> => {
      await mkdir(inCwd(name), { recursive: true });
      await writeFile(inCwd(name, 'model.json'), '{}');
      for (const [file, text] of Object.entries(configs)) await writeFile(inCwd(name, `${file}.fineprune.json`), text);
      return name;
    };
    const pixels = async (name: string, args: string[] = clean): Promise<[number[] | undefined, string | null]> => {
      const { request, pixels: told } = await planScan(name, flagsOf(args), cwd);
      return [request.mean, told];
    };
    const DEFAULTS = 'scale 1/255, mean 0, std 1, the defaults';

    it('needs no config: takes the settings of the only one, but none of its data', async () => {
      const name = await folder('only', {
        own: config('model.json', ', "mean": 0.13').replace('data/X', '../../../etc/hostname'),
      });
      assert.deepEqual(await requested(name, flagsOf(clean), cwd), {
        model: inCwd('only', 'model.json'),
        clean: { images: inCwd('i'), labels: inCwd('l') },
        scale: 1 / 255,
        mean: [0.13],
        std: [1],
        out: { folder: inCwd('only'), name: 'own' },
        allowedFolders: [cwd, cwd, cwd],
        seed: 7,
        backend: 'wasm',
        threads: 2,
        useCache: true,
      });
      assert.deepEqual(await pixels(name), [[0.13], 'scale, mean and std of own.fineprune.json']);
      assert.deepEqual(
        await pixels('only/own.fineprune.json'),
        [[0.13], null],
        'a config that was named says it itself',
      );
      assert.deepEqual(
        await pixels(name, [...clean, '--scale', '1', '--mean', '2', '--std', '3']),
        [[2], null],
        'all of it was typed',
      );
      assert.deepEqual(await pixels(name, [...clean, '--std', '3']), [
        [0.13],
        'std 3 from the command line; what it leaves out: scale, mean and std of own.fineprune.json',
      ]);
      await assert.rejects(requested('only', {}, cwd), failsWith('path.outside'), 'without them its own data count');
    });

    it('takes the pixels that several configs agree on, else the defaults, and says which', async () => {
      const agreeing = await folder('agreeing', {
        a: config('model.json', ', "std": 0.3'),
        b: config('model.json', ', "std": [0.3], "holdout": 7'),
      });
      const { request, pixels: told } = await planScan(agreeing, flagsOf(clean), cwd);
      assert.deepEqual(
        [request.std, request.seed, request.out!.name, told],
        [[0.3], 0, 'agreeing', 'scale, mean and std that a.fineprune.json, b.fineprune.json agree on'],
      );
      assert.deepEqual(
        await pixels(await folder('differing', { a: config(), b: config('model.json', ', "mean": 0.5') })),
        [undefined, `${DEFAULTS}; a.fineprune.json, b.fineprune.json disagree`],
      );
      assert.deepEqual(await pixels(await folder('other', { a: config('another.json', ', "mean": 0.5') })), [
        undefined,
        `${DEFAULTS}; no config beside the model names it`,
      ]);
    });

    it('is not stopped by a config that is broken', async () => {
      assert.deepEqual(await pixels(await folder('broken', { a: '{ "model": "model.json", "data": 3 }' })), [
        undefined,
        `${DEFAULTS}; a.fineprune.json can't be read`,
      ]);
      const half = await folder('half', {
        a: '{ "model": "model.json", "dat',
        b: config('model.json', ', "mean": 0.5'),
      });
      assert.deepEqual(await pixels(half), [
        [0.5],
        'scale, mean and std that a.fineprune.json, b.fineprune.json agree on, as far as they can be read',
      ]);
      await assert.rejects(
        requested('broken/a.fineprune.json', flagsOf(clean), cwd),
        failsWith('config.wrongType'),
        'one that was named has to be read',
      );
    });
  });

  it('takes classes one by one or in ranges, each once', () => {
    const classes = (list: string): number[] | undefined => flagsOf(['--classes', list]).classes;
    assert.deepEqual(classes('0,3,7'), [0, 3, 7]);
    assert.deepEqual(classes('7, 0-3,2'), [0, 1, 2, 3, 7]);
    for (const wrong of ['', 'a', '3-1', '-1', '1-', '0-999999', '1.5', '0,,1'])
      assert.throws(() => classes(wrong), /is invalid/, wrong);
  });

  it('exits with 0 for nothing found, 1 for suspicious, 2 for what could not be measured, whatever else is asked for', () => {
    assert.deepEqual(
      (['nothing found', 'suspicious', 'not measurable'] as const).map((word) => [
        exitCodeOfScan(word, false),
        exitCodeOfScan(word, true),
      ]),
      [
        [0, 0],
        [1, 0],
        [2, 2],
      ],
    );
  });

  it('says what is missing, or what there are too many of, and what to type', async () => {
    await assert.rejects(
      requested('bare', {}, cwd),
      failsWith('cli.noConfig', '--clean IMAGES LABELS', 'fine-prune init bare/model.json'),
    );
    await assert.rejects(
      requested('two/model.json', {}, cwd),
      failsWith('cli.severalConfigs', 'a.fineprune.json, b.fineprune.json', '--clean IMAGES LABELS'),
    );
    await assert.rejects(requested('two', {}, cwd), failsWith('cli.severalConfigs', 'Name the one'));
    await assert.rejects(requested('empty', {}, cwd), failsWith('cli.notFound', 'model.json'));
    await assert.rejects(requested('nowhere', {}, cwd), failsWith('cli.notFound', 'nowhere'));
    await assert.rejects(requested('bare', { clean: ['i'] }, cwd), failsWith('cli.usage', '--clean IMAGES LABELS'));
    await writeFile(inCwd('empty', 'out.fineprune.json'), config('../../../etc/model.json'));
    await assert.rejects(requested('empty/out.fineprune.json', {}, cwd), failsWith('path.outside'));
  });

  it('places what is wrong with typed files at them, and what is wrong with the files of a config in it', async () => {
    const told = async (target: string, args: string[], error: FinePruneError): Promise<FinePruneError> =>
      (await planScan(target, flagsOf(args), cwd)).placed(error) as FinePruneError;
    const few = badInput('scan.tooFewImages', 'Too few.', { place: '/data/train/images', todo: 'Give more.' });
    for (const target of ['bare', 'one']) {
      assert.deepEqual(
        (await told(target, ['--clean', 'i', 'l'], few)).toFailure(),
        { kind: 'input', code: 'scan.tooFewImages', message: 'Too few.', file: inCwd('i'), todo: 'Give more.' },
        target,
      );
    }
    assert.equal((await planScan('one', {}, cwd)).next, 'fine-prune run one/mnist.fineprune.json --strategy auto');
    assert.equal(
      (await planScan('bare', { clean: ['i', 'l'] }, cwd)).next,
      'fine-prune init bare/model.json …, then fine-prune run bare/model.json --strategy auto',
    );
    assert.equal(
      (await told('bare', ['--clean', 'i', 'l'], badInput('x', 'x', { place: '/data/train/labels' }))).file,
      inCwd('l'),
    );
    const inConfig = await told('one', [], few);
    assert.equal(inConfig.file, inCwd('one', 'mnist.fineprune.json'));
    assert.match(inConfig.place ?? '', /^\/data\/train\/images.*3/s);
    const missing = placedWithoutConfig(
      badInput('data.missing', 'x', {
        file: '/d/x',
        place: 'byte 3',
        todo: 'Correct the path in the config, or put the file there.',
      }),
      { clean: { images: 'i', labels: 'l' } },
    ) as FinePruneError;
    assert.deepEqual(
      [missing.file, missing.place, missing.todo],
      ['/d/x', 'byte 3', 'Correct the path, or put the file there.'],
    );
    const cancelled = new Error('no failure');
    assert.equal(placedWithoutConfig(cancelled, { clean: { images: 'i', labels: 'l' } }), cancelled);
  });

  for (const args of [
    ['--scale', '0'],
    ['--scale', '1,2'],
    ['--mean', ''],
    ['--mean', '1,,2'],
    ['--std', '-1'],
    ['--std', 'x'],
    ['--seed', '-1'],
    ['--threads', '0'],
    ['--name', 'a/b'],
    ['--backend', 'cpu'],
  ]) {
    it(`refuses ${args.join(' ')}`, () => {
      assert.throws(() => flagsOf(args), /is invalid/);
    });
  }

  it('names a result by its model, or by the folder of one that is called like all others', () => {
    assert.deepEqual(
      ['/a/b/model.json', '/a/b/net.json', '/model.json', '/a/.hidden/model.json', '/a/my models #1/model.json'].map(
        modelName,
      ),
      ['b', 'net', 'model', 'hidden', 'my models #1'],
    );
  });
});

describe('a scan on one screen', () => {
  const context = { file: 'mnist.scan.json', cached: false };
  const lines = (text: string): string[] => text.split('\n');

  it('begins with the word and its sentence, and has every class with the mask of the one that stands out beside it', () => {
    const report = scanReport();
    const shown = summarizeScan(report, context);
    assert.ok(shown.startsWith('SUSPICIOUS: class 0: a mask of 4.0 pixels takes 99.1 % of other images to it'), shown);
    assert.ok(lines(shown).length <= 24, shown);
    assert.ok(
      lines(shown).every((line) => line.length < 80),
      shown,
    );
    const table = lines(shown).filter((line) => /^[! ] {2,}\d+ +[\d.]+ +[\d.]+ /.test(line));
    assert.equal(table.length, 10, shown);
    assert.match(table[0]!, /^! {5}0 +4\.0 +6\.4 +0\.09 +\d\.\d +99\.1 %/);
    assert.equal(table.filter((line) => line.startsWith('!')).length, 1);
    assert.match(shown, /class 0, estimated/);
    assert.match(shown, /│[ ░▒▓█]{28}│/);
    assert.match(shown, /[▒▓█]/);
    assert.match(shown, /^Result {2}mnist\.scan\.json$/m);
    assert.match(shown, /^Engine {2}native, tfjs-node 4\.22\.0/m);
  });

  it('says what was tried when nothing was found, draws nothing, and never says clean of a model', () => {
    const shown = summarizeScan(scanReport(quietScan()), { ...context, file: null });
    assert.ok(shown.startsWith('NOTHING FOUND: the smallest mask'), shown);
    assert.match(shown, /Triggers that\s+no small mask\s+imitates can escape it/);
    assert.match(shown, /^Tried {3}120 steps of 16 images a class, from 400; success on 1,500 others; seed\s+0\./m);
    assert.doesNotMatch(shown, /│|^Result/m);
    assert.doesNotMatch(shown.replaceAll('clean images', ''), /\bclean\b/i);
  });

  it('shows of many classes those that stand out, and of many masks as many as there is room for', () => {
    const norms = Array.from({ length: 43 }, (_, target) =>
      target % 20 === 7 ? 4 + target / 10 : 60 + ((target * 7) % 31),
    );
    const shown = summarizeScan(scanReport(scanOf(norms)), { ...context, columns: 120 });
    assert.match(shown, /… and 32 classes with larger masks/);
    for (const target of [7, 27]) assert.match(shown, new RegExp(`^! +${target} `, 'm'));
    assert.match(shown, /class 7, estimated +class 27, estimated/);
    const narrow = summarizeScan(scanReport(scanOf(norms)), { ...context, columns: 80 });
    assert.match(narrow, /The mask of class 27 is in the file\./);
    assert.ok(
      lines(narrow).every((line) => line.length < 80),
      narrow,
    );
  });

  it('says what to type next where a class is suspicious, and has no sign before 0', () => {
    const next = 'fine-prune run mnist.fineprune.json --strategy auto';
    const report = scanReport();
    report.scan.classes[4]!.anomalyIndex = -0.04;
    const shown = summarizeScan(report, { ...context, next });
    assert.match(shown, /^Next {4}fine-prune run mnist\.fineprune\.json --strategy auto$/m);
    assert.ok(lines(shown).length <= 24, shown);
    assert.doesNotMatch(shown, /-0\.0/);
    assert.doesNotMatch(summarizeScan(scanReport(quietScan()), { ...context, next }), /^Next/m);
  });

  it('says that it is an earlier one, and why the slower engine was taken', () => {
    const report = scanReport();
    report.provenance.backend = 'wasm';
    const shown = summarizeScan(report, { ...context, cached: true, backendWhy: 'WASM was asked for.' });
    assert.match(shown, /An\s+earlier scan of the same bytes\./);
    assert.match(shown, /^Engine {2}WASM was asked for\.$/m);
  });

  it('has the clean accuracy with its interval and the pixels beside the drawing, in no more lines', () => {
    const shown = summarizeScan(scanReport(knownScan(suspiciousScan())), {
      ...context,
      next: 'fine-prune run x --strategy auto',
      pixels: 'scale, mean and std of mnist.fineprune.json',
    });
    const words = shown.replace(/[│┌┐─└┘\s]+/g, ' ');
    assert.match(words, /Clean accuracy 98\.8 % on 1,900 images \(95 %: 98\.2 % to 99\.2 %\)\./);
    assert.match(words, /Pixels: scale, mean and std of mnist\.fineprune\.json\./);
    assert.ok(lines(shown).length <= 24 && lines(shown).every((line) => line.length < 80), shown);
    assert.doesNotMatch(
      summarizeScan(scanReport(), context),
      /Clean accuracy|Pixels/,
      'an earlier version did not measure it',
    );
  });

  it('says that nothing could be measured, with the figure and the setting that fits, and has no table then', () => {
    const shown = summarizeScan(scanReport(unknownScan()), { ...context, next: 'x', colour: false });
    assert.ok(shown.startsWith('NOT MEASURABLE: the model classifies 12 % of 1,900 clean images as labelled'), shown);
    const words = shown.replace(/\s+/g, ' ');
    assert.match(words, /hardly better than guessing, so no trigger was searched/);
    assert.match(
      words,
      /The model seems to take pixels from -1 to 1: so 98 % of the same 500 images are right, as set 12 % \(p < 0\.0001\)\. Set --scale 0\.00392156862745098 --mean 0\.5 --std 0\.5 \(in a config: "scale": 0\.00392156862745098, "mean": 0\.5, "std": 0\.5\)\./,
    );
    assert.doesNotMatch(shown, /^Tried|^Next|screened|│|nothing found/im);
    assert.match(shown, /^Result {2}mnist\.scan\.json$/m);
    assert.match(
      summarizeScan(scanReport(unknownScan(null)), context).replace(/\s+/g, ' '),
      /Check that labels, scale, mean and std are those that the model was made with\./,
    );
  });

  it('warns of settings that fit better where something was searched all the same', () => {
    const shown = summarizeScan(scanReport(knownScan(quietScan(), 900, otherPixels(250))), context);
    assert.match(shown, /^Warning The model seems to take pixels from -1 to 1/m);
    assert.ok(shown.startsWith('NOTHING FOUND'), shown);
  });

  it('says which classes were searched, and marks those by their numbers', () => {
    const shown = summarizeScan(
      scanReport(partialScan([0, 3, 7, 8, 20, 42], [70.5, 6.4, 84.1, 61.3, 72.8, 79.4])),
      context,
    );
    assert.match(
      shown.replace(/\s+/g, ' '),
      /^SUSPICIOUS: class 3: .*of 43 classes 6 were searched \(0, 3, 7-8, 20, 42\), and nothing is said of the others\./,
    );
    assert.match(shown, /^! +3 +6\.3 +6\.4 /m);
    assert.match(shown, /^ +42 +71 +79 /m);
    assert.match(shown, /class 3, estimated/);
  });

  it('colours what is suspicious, and nothing that was not found', () => {
    assert.match(summarizeScan(scanReport(), { ...context, colour: true }), /^\u001b\[1m\u001b\[31mSUSPICIOUS/);
    assert.match(
      summarizeScan(scanReport(quietScan()), { ...context, colour: true }),
      /^\u001b\[1mNOTHING FOUND\u001b\[22m/,
    );
  });
});

describe('progress of a scan in a terminal', () => {
  const event = {
    type: 'progress',
    phase: 'scan',
    step: 600,
    total: 1000,
    rate: 31,
    overall: 0.6,
    metrics: {},
  } as const;

  it('counts no thousandths, and names the class that stands out once classes are known', () => {
    const classes = new KnownClasses();
    assert.equal(describeProgress(event, 12, classes.words()), 'Searching a trigger for every class · 0:12 left');
    classes.learn({ type: 'class', target: 4, norm: 61.2, share: 0.83 });
    classes.learn({ type: 'class', target: 0, norm: 5.78, share: 0.072 });
    assert.equal(describeProgress(event, null, classes.words()), 'smallest mask: class 0, 5.8 px (0.07 of the median)');
    assert.equal(
      describeProgress({ ...event, phase: 'proof' }, 12),
      'Searching triggers in the repaired model · 0:12 left',
    );
    assert.equal(describeProgress({ ...event, phase: 'fine-tune' }, null), 'Fine-tuning 600/1000 · 31/s');
  });

  it('says in a log what will be searched and how long it takes, then how much is done and left, from the first steps on', () => {
    const written: string[] = [];
    let now = 0;
    const view = createProgress(
      { isTTY: false, write: (text: string) => written.push(text.trimEnd()) } as unknown as NodeJS.WriteStream,
      () => now,
    );
    const at = (seconds: number, overall: number): void => {
      now = seconds * 1000;
      view.event({ ...event, step: 1000 * overall, overall });
    };
    at(0, 0);
    view.event({ type: 'plan', classes: 1283, images: 16, steps: 120, seconds: 5700 });
    // Of a search of hours a step is a ten-thousandth.
    at(30, 0.0001);
    at(60, 0.0002);
    at(6000, 0.25);
    view.event({ type: 'plan', classes: 10, images: 16, steps: 120, seconds: 20 });
    assert.deepEqual(written, [
      'Searching a trigger for every class',
      'Searching triggers: 1,283 classes × 16 images × 120 steps, about 95 minutes; the time grows with the number of classes (--classes 0-9 searches some of them).',
      'Searching a trigger for every class · 0.01 %',
      'Searching a trigger for every class · 83:19:00 left · 0.02 %',
      'Searching a trigger for every class · 4:58:37 left · 25 %',
      'Searching triggers: 10 classes × 16 images × 120 steps, less than a minute; the time grows with the number of classes.',
    ]);
  });

  it('estimates the time left of a short run from 2 s and 1 % on, of a long one from 10 s on', () => {
    const short = new TimeLeft();
    assert.deepEqual([short.seconds(0.1, 0), short.seconds(0.3, 1000), short.seconds(0.3, 2000)], [null, null, 7]);
    const long = new TimeLeft();
    assert.deepEqual(
      [long.seconds(0.001, 0), long.seconds(0.002, 9000), long.seconds(0.001, 10_000)],
      [null, null, null],
    );
    assert.equal(Math.round(long.seconds(0.002, 10_000)!), 9980);
  });
});
