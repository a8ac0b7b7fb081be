import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { planScan } from '../../../../server/cli/commands/scan';
import { flagsOf, requested, failsWith, config, scanFolder } from './scan-support';

describe('command line of scan with clean data', () => {
  const place = scanFolder();
  const { inCwd } = place;

  const clean = ['--clean', 'i', 'l'];

  const folder = async (name: string, configs: Record<string, string>): Promise<string> => {
    await mkdir(inCwd(name), { recursive: true });
    await writeFile(inCwd(name, 'model.json'), '{}');
    for (const [file, text] of Object.entries(configs)) await writeFile(inCwd(name, `${file}.fineprune.json`), text);
    return name;
  };

  const pixels = async (name: string, args: string[] = clean): Promise<[number[] | undefined, string | null]> => {
    const { request, pixels: told } = await planScan(name, flagsOf(args), place.cwd);
    return [request.mean, told];
  };

  const DEFAULTS = 'scale 1/255, mean 0, std 1, the defaults';

  it('needs no config: takes the settings of the only one, but none of its data', async () => {
    const name = await folder('only', {
      own: config('model.json', ', "mean": 0.13').replace('data/X', '../../../etc/hostname'),
    });
    assert.deepEqual(await requested(name, flagsOf(clean), place.cwd), {
      model: inCwd('only', 'model.json'),
      clean: { format: 'idx', images: inCwd('i'), labels: inCwd('l') },
      scale: 1 / 255,
      mean: [0.13],
      std: [1],
      out: { folder: inCwd('only'), name: 'own' },
      allowedFolders: [place.cwd, place.cwd, place.cwd],
      seed: 7,
      backend: 'wasm',
      threads: 2,
      useCache: true,
    });
    assert.deepEqual(await pixels(name), [[0.13], 'scale, mean and std of own.fineprune.json']);
    assert.deepEqual(await pixels('only/own.fineprune.json'), [[0.13], null], 'a config that was named says it itself');
    assert.deepEqual(
      await pixels(name, [...clean, '--scale', '1', '--mean', '2', '--std', '3']),
      [[2], null],
      'all of it was typed',
    );
    assert.deepEqual(await pixels(name, [...clean, '--std', '3']), [
      [0.13],
      'std 3 from the command line; the rest: scale, mean and std of own.fineprune.json',
    ]);
    await assert.rejects(
      requested('only', {}, place.cwd),
      failsWith('path.outside'),
      'without them its own data count',
    );
  });

  it('takes the pixels that several configs agree on, else the defaults, and says which', async () => {
    const agreeing = await folder('agreeing', {
      a: config('model.json', ', "std": 0.3'),
      b: config('model.json', ', "std": [0.3], "holdout": 7'),
    });
    const { request, pixels: told } = await planScan(agreeing, flagsOf(clean), place.cwd);
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
      requested('broken/a.fineprune.json', flagsOf(clean), place.cwd),
      failsWith('config.wrongType'),
      'one that was named has to be read',
    );
  });
});
