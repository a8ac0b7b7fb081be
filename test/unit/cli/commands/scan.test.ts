import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { planScan } from '../../../../server/cli/commands/scan';
import { exitCodeOfScan } from '../../../../server/cli/exit';
import { placedWithoutConfig } from '../../../../server/engine/config/scan-inputs';
import { badInput, FinePruneError } from '../../../../server/protocol/errors';
import { flagsOf, requested, failsWith, config, scanFolder } from './scan-support';

describe('command line of scan', () => {
  const place = scanFolder();
  const { inCwd } = place;

  it('takes clean data, pixels, seed and engine from the config, or from the one beside the model', async () => {
    const wanted = {
      model: inCwd('one', 'model.json'),
      clean: { format: 'idx', images: inCwd('one', 'data', 'X'), labels: inCwd('one', 'data', 'Y') },
      scale: 1 / 255,
      mean: [0.13],
      std: [0.3],
      config: { holdout: 5000, fineTuneImages: null, target: null },
      out: { folder: inCwd('one'), name: 'mnist' },
      allowedFolders: [place.cwd],
      seed: 7,
      backend: 'wasm',
      threads: 2,
      useCache: true,
    };
    for (const target of ['one/mnist.fineprune.json', 'one/model.json', 'one'])
      assert.deepEqual(await requested(target, flagsOf([]), place.cwd), wanted, target);
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
    assert.deepEqual(await requested('one', flagsOf(args), place.cwd), {
      model: inCwd('one', 'model.json'),
      clean: { format: 'idx', images: inCwd('i.gz'), labels: '/elsewhere/l.gz' },
      scale: 1,
      mean: [0.1, 0.2, 0.3],
      std: [2],
      out: { folder: inCwd('out'), name: 'x' },
      allowedFolders: [place.cwd, inCwd('more'), place.cwd, '/elsewhere'],
      seed: 0,
      backend: 'native',
      threads: 1,
      useCache: false,
    });
  });

  it('needs no config where clean data are given', async () => {
    assert.deepEqual(await requested('bare', flagsOf(['--clean', 'i', 'l']), place.cwd), {
      model: inCwd('bare', 'model.json'),
      clean: { format: 'idx', images: inCwd('i'), labels: inCwd('l') },
      out: { folder: inCwd('bare'), name: 'bare' },
      allowedFolders: [place.cwd, place.cwd, place.cwd],
      seed: 0,
      backend: 'auto',
      threads: 1,
      useCache: true,
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
      requested('bare', {}, place.cwd),
      failsWith('cli.noConfig', '--clean IMAGES LABELS', 'fine-prune init bare/model.json'),
    );
    await assert.rejects(
      requested('two/model.json', {}, place.cwd),
      failsWith('cli.severalConfigs', 'a.fineprune.json, b.fineprune.json', '--clean IMAGES LABELS'),
    );
    await assert.rejects(requested('two', {}, place.cwd), failsWith('cli.severalConfigs', 'Name the one'));
    await assert.rejects(requested('empty', {}, place.cwd), failsWith('cli.notFound', 'model.json'));
    await assert.rejects(requested('nowhere', {}, place.cwd), failsWith('cli.notFound', 'nowhere'));
    await assert.rejects(
      requested('bare', { clean: ['i'] }, place.cwd),
      failsWith('cli.usage', '--clean IMAGES LABELS'),
    );
    await writeFile(inCwd('empty', 'out.fineprune.json'), config('../../../etc/model.json'));
    await assert.rejects(requested('empty/out.fineprune.json', {}, place.cwd), failsWith('path.outside'));
  });

  it('places what is wrong with typed files at them, and what is wrong with the files of a config in it', async () => {
    const told = async (target: string, args: string[], error: FinePruneError): Promise<FinePruneError> =>
      (await planScan(target, flagsOf(args), place.cwd)).placed(error) as FinePruneError;
    const few = badInput('scan.tooFewImages', 'Too few.', { place: '/data/train/images', todo: 'Give more.' });
    for (const target of ['bare', 'one']) {
      assert.deepEqual(
        (await told(target, ['--clean', 'i', 'l'], few)).toFailure(),
        { kind: 'input', code: 'scan.tooFewImages', message: 'Too few.', file: inCwd('i'), todo: 'Give more.' },
        target,
      );
    }
    assert.equal(
      (await planScan('one', {}, place.cwd)).next,
      'fine-prune run one/mnist.fineprune.json --strategy auto',
    );
    assert.equal(
      (await planScan('bare', { clean: ['i', 'l'] }, place.cwd)).next,
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
      { clean: { format: 'idx', images: 'i', labels: 'l' } },
    ) as FinePruneError;
    assert.deepEqual(
      [missing.file, missing.place, missing.todo],
      ['/d/x', 'byte 3', 'Correct the path, or put the file there.'],
    );
    const cancelled = new Error('no failure');
    assert.equal(placedWithoutConfig(cancelled, { clean: { format: 'idx', images: 'i', labels: 'l' } }), cancelled);
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
});
