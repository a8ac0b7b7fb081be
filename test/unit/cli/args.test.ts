import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { exitCodeOfFailure, exitCodeOfReport } from '../../../server/cli/exit';
import { findConfig } from '../../../server/cli/find-config';
import { wantsColour } from '../../../server/cli/output/paint';
import { poisonTrainCommand, poisonTrainRequest } from '../../../server/cli/commands/poison-train';
import { runCommand, type RunFlags, runRequest } from '../../../server/cli/commands/run';
import { FinePruneError } from '../../../server/protocol/errors';
import { referenceReport } from '../../fixtures/report';
import { makeTempDir } from '../../harness/processes';

/** What the command makes of its arguments, as its action would get it. */
function flagsOf(command: ReturnType<typeof runCommand>, args: string[]): RunFlags {
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  command.parseOptions(args);
  return command.opts();
}

const failsWith =
  (code: string, ...words: (string | RegExp)[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FinePruneError, String(error));
    assert.equal(error.code, code);
    assert.equal(error.kind, 'input');
    const text = `${error.message} ${error.todo ?? ''}`;
    for (const word of words)
      assert.ok(typeof word === 'string' ? text.includes(word) : word.test(text), `${word} in: ${text}`);
    return true;
  };

describe('command line of run', () => {
  const cwd = path.resolve('/work-folder');

  it('asks the engine for nothing that was not said', () => {
    assert.deepEqual(runRequest(path.join(cwd, 'a.fineprune.json'), flagsOf(runCommand(), []), cwd), {
      config: path.join(cwd, 'a.fineprune.json'),
      allowedFolders: [],
      root: cwd,
      overrides: {},
    });
  });

  it('takes every override, with folders from the current one', () => {
    const args = [
      '--out',
      'out',
      '--backend',
      'wasm',
      '--fine-tune-images',
      '20000',
      '--seed',
      '0',
      '--threads',
      '2',
      '--allow',
      'data',
      '--allow',
      '/d',
    ];
    assert.deepEqual(runRequest(path.join(cwd, 'sub', 'a.fineprune.json'), flagsOf(runCommand(), args), cwd), {
      config: path.join(cwd, 'sub', 'a.fineprune.json'),
      out: path.join(cwd, 'out'),
      allowedFolders: [path.join(cwd, 'data'), path.resolve('/d')],
      root: cwd,
      overrides: { backend: 'wasm', fineTuneImages: 20000, seed: 0, threads: 2 },
    });
  });

  it('confines a config elsewhere to its own folder', () => {
    assert.equal(runRequest(path.resolve('/elsewhere/a.fineprune.json'), {}, cwd).root, undefined);
  });

  for (const args of [
    ['--seed', '-1'],
    ['--seed', '4294967296'],
    ['--threads', '0'],
    ['--threads', '1.5'],
    ['--fine-tune-images', 'many'],
    ['--backend', 'cpu'],
  ]) {
    it(`refuses ${args.join(' ')}`, () => {
      assert.throws(() => flagsOf(runCommand(), args), /is invalid/);
    });
  }
});

describe('command line of poison-train', () => {
  const parse = (args: string[]): ReturnType<typeof poisonTrainRequest> => {
    const command = poisonTrainCommand();
    command.exitOverride().configureOutput({ writeErr: () => undefined });
    command.parseOptions(args);
    return poisonTrainRequest(command.opts(), path.resolve('/w'));
  };
  const data = ['--train', 'X', 'Y', '--test', 'x', 'y', '--out', 'models/badnets'];

  it('has the reference attack as its defaults', async () => {
    const out = path.resolve('/w/models/badnets');
    assert.deepEqual(await parse(data), {
      train: { format: 'idx', images: path.resolve('/w/X'), labels: path.resolve('/w/Y') },
      test: { format: 'idx', images: path.resolve('/w/x'), labels: path.resolve('/w/y') },
      out,
      name: 'badnets',
      root: path.resolve('/w'),
      trigger: { kind: 'patch', target: 0 },
      poisonRate: 0.1,
      seed: 0,
      epochs: 3,
      batchSize: 64,
      learningRate: 0.001,
      backend: 'auto',
      threads: 1,
    });
  });

  it('makes clean models, warped ones with noise, and pruning-aware ones', async () => {
    const { trigger, poisonRate, noiseRate, pruningAware } = await parse([
      ...data,
      '--trigger',
      'warped',
      '--poison-rate',
      '0',
      '--noise-rate',
      '0.2',
      '--pruning-aware',
      '0.5',
      '--target',
      '4',
    ]);
    assert.deepEqual(
      { trigger, poisonRate, noiseRate, pruningAware },
      { trigger: { kind: 'warped', target: 4 }, poisonRate: 0, noiseRate: 0.2, pruningAware: 0.5 },
    );
    await assert.rejects(
      parse([...data, '--poison-rate', '0.6', '--noise-rate', '0.5']),
      failsWith('cli.usage', 'more than all images'),
    );
  });

  it('wants two files for each data set', async () => {
    await assert.rejects(
      parse(['--train', 'X', '--test', 'x', 'y', '--out', 'o']),
      failsWith('cli.usage', '--train takes two files'),
    );
  });

  for (const args of [
    ['--poison-rate', '1'],
    ['--poison-rate', '-0.1'],
    ['--noise-rate', '1'],
    ['--pruning-aware', '0'],
    ['--learning-rate', 'fast'],
    ['--name', '../x'],
    ['--trigger', 'samples'],
  ]) {
    it(`refuses ${args.join(' ')}`, () => {
      assert.throws(() => parse([...data, ...args]), /is invalid/);
    });
  }
});

describe('search for the config', () => {
  const temp = makeTempDir('fp-find-');
  const at = (...parts: string[]): string => path.join(temp.dir, ...parts);
  after(() => temp.remove());

  before(async () => {
    for (const folder of ['none', 'one', 'two']) {
      await mkdir(at(folder));
      await writeFile(at(folder, 'model.json'), '{}');
    }
    await writeFile(at('one', 'other.json'), '{}');
    await writeFile(at('one', 'mnist.fineprune.json'), '\uFEFF// with a comment\n{ "model": "./model.json", }');
    await writeFile(at('two', 'a.fineprune.json'), '{ "model": "model.json" }');
    await writeFile(at('two', 'b.fineprune.json'), '{ "model": "../two/model.json" }');
  });

  it('takes a config as it is, even one that is missing', async () => {
    assert.equal(await findConfig('x.fineprune.json', temp.dir), at('x.fineprune.json'));
  });

  it('takes the only config of the current folder, or of a folder that is named', async () => {
    assert.equal(await findConfig(undefined, at('one')), at('one', 'mnist.fineprune.json'));
    assert.equal(await findConfig('one', temp.dir), at('one', 'mnist.fineprune.json'));
  });

  it('takes the config beside a model that names it', async () => {
    assert.equal(await findConfig('one/model.json', temp.dir), at('one', 'mnist.fineprune.json'));
  });

  it('says how to make a config where there is none for the model', async () => {
    await assert.rejects(
      findConfig('none/model.json', temp.dir),
      failsWith('cli.noConfig', /fine-prune init none\/model\.json --train/),
    );
    await assert.rejects(findConfig('one/other.json', temp.dir), failsWith('cli.noConfig'));
    await assert.rejects(findConfig(undefined, at('none')), failsWith('cli.noConfig', 'fine-prune init'));
  });

  it('lists the candidates where there are several', async () => {
    await assert.rejects(
      findConfig(undefined, at('two')),
      failsWith('cli.severalConfigs', 'a.fineprune.json, b.fineprune.json'),
    );
    await assert.rejects(
      findConfig('two/model.json', temp.dir),
      failsWith('cli.severalConfigs', 'a.fineprune.json, b.fineprune.json'),
    );
  });

  it('says that a file is missing', async () => {
    await assert.rejects(findConfig('nowhere/model.json', temp.dir), failsWith('cli.notFound', 'nowhere/model.json'));
  });
});

describe('exit codes', () => {
  const withGates = (...met: boolean[]): ReturnType<typeof referenceReport> => {
    const report = referenceReport();
    report.gates.forEach((gate, at) => (gate.met = met[at] ?? false));
    return report;
  };

  it('is 0 when every gate is met, else 1', () => {
    assert.equal(exitCodeOfReport(withGates(true, true), false), 0);
    assert.equal(exitCodeOfReport(withGates(true, false), false), 1);
    assert.equal(exitCodeOfReport(withGates(false, true), false), 1);
  });

  it('is 0 on a missed gate when only the report is asked for', () => {
    assert.equal(exitCodeOfReport(withGates(false, false), true), 0);
  });

  it('is 2, 3 and 130 for bad input, the engine and a cancel', () => {
    const code = (kind: 'input' | 'engine' | 'cancelled'): number =>
      exitCodeOfFailure({ kind, code: 'x', message: 'x' });
    assert.deepEqual([code('input'), code('engine'), code('cancelled')], [2, 3, 130]);
  });
});

describe('colour', () => {
  it('is for terminals, unless NO_COLOR or TERM=dumb says otherwise', () => {
    assert.equal(wantsColour({ isTTY: true }, {}), true);
    assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '1' }), false);
    assert.equal(wantsColour({ isTTY: true }, { NO_COLOR: '' }), true);
    assert.equal(wantsColour({ isTTY: true }, { TERM: 'dumb' }), false);
    assert.equal(wantsColour({}, {}), false);
  });
});
