import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { allCells, basisOf, cellName, defenseSettings, matches, modelName, type Cell } from '../../../study/cells';
import { readResults, writeResult, type CellResult } from '../../../study/result';
import { Estimates, schedule, type Job } from '../../../study/schedule';
import { ATTACKS, attackSettings, SEEDS, STRATEGIES, targetOf } from '../../../study/settings';
import { temporaryFolder } from '../../harness/files';

const cellOf = (name: string): Cell => allCells().find((cell) => cellName(cell) === name) ?? assert.fail(name);

describe('the cells of the study', () => {
  const cells = allCells();
  const count = (by: Partial<Cell>): number =>
    cells.filter((cell) => Object.entries(by).every(([key, value]) => cell[key as keyof Cell] === value)).length;

  it('are the full grid on MNIST at 5 %, one seed at 100 % and on Fashion-MNIST, and scans of clean models', () => {
    assert.equal(new Set(cells.map(cellName)).size, cells.length);
    for (const attack of ATTACKS.filter((one) => one !== 'clean')) {
      for (const task of ['scan', ...STRATEGIES] as const) {
        assert.equal(count({ data: 'mnist', share: 5, attack, task }), SEEDS.length, `${attack} ${task}`);
        assert.equal(count({ data: 'mnist', share: 100, attack, task }), 1);
        assert.equal(count({ data: 'fashion-mnist', share: 5, attack, task }), 1);
      }
    }
    assert.equal(count({ attack: 'clean', task: 'scan', data: 'mnist', share: 5 }), SEEDS.length);
    assert.equal(count({ data: 'fashion-mnist', share: 100 }), 0);
  });

  it('begin with what tells most, and scan a model before they repair it', () => {
    assert.ok(
      cells
        .slice(0, 11)
        .every(
          ({ data, share, seed, task }) =>
            data === 'mnist' && share === 5 && seed === 0 && (task === 'scan' || task === 'auto'),
        ),
    );
    for (const cell of cells.filter(({ task }) => task !== 'scan')) {
      assert.ok(cells.indexOf(cellOf(cellName({ ...cell, task: 'scan' }))) < cells.indexOf(cell), cellName(cell));
    }
  });

  it('move target, patch and pattern with the seed, and never tell the tool the trigger', () => {
    const targets = ATTACKS.flatMap((attack) => SEEDS.map((seed) => targetOf(attack, seed)));
    assert.ok(targets.every((target) => target >= 0 && target < 10) && new Set(targets).size >= 6);
    for (const attack of ATTACKS) {
      const triggers = SEEDS.map((seed) => attackSettings(attack, seed).trigger);
      assert.equal(new Set(triggers.map((trigger) => JSON.stringify(trigger))).size, SEEDS.length, attack);
      triggers.forEach((trigger, i) => assert.equal(trigger.target, targetOf(attack, SEEDS[i]!)));
    }
    for (const cell of cells.filter(({ task }) => task !== 'scan'))
      assert.equal(defenseSettings(cell).trigger, 'inverted');
    assert.equal(attackSettings('clean', 0).poisonRate, 0);
    assert.equal(attackSettings('warped', 0).noiseRate, 0.2);
    assert.equal(attackSettings('adaptive', 0).pruningAware, 0.5);
  });

  it('are picked by name, * for anything', () => {
    const picked = (pattern: string): string[] => cells.filter((cell) => matches(cell, pattern)).map(cellName);
    assert.deepEqual(picked('mnist-5-badnets-s0-guided'), ['mnist-5-badnets-s0-guided']);
    assert.equal(picked('mnist-100-*').length, 31);
    assert.ok(picked('*-warped-*-auto').length === 5 && picked('fashion*').length === 31);
    assert.deepEqual([picked('.*'), picked('mnist-5-badnets-s0')], [[], []]);
  });
});

describe('results of the study', () => {
  const folder = temporaryFolder();
  const cell = cellOf('mnist-5-badnets-s0-scan');
  const result: CellResult = {
    cell,
    basis: basisOf(cell),
    seconds: 21,
    engine: { backend: 'native', version: 'x' },
    weights: 'w',
    scan: { word: 'suspicious', flagged: [0], classes: [{ share: 0.1, index: 4 }], limits: { index: 2, share: 0.5 } },
  };

  it('are one file a cell with sorted keys, and come back', async () => {
    await writeResult(result, folder.path);
    assert.deepEqual(readdirSync(folder.path), ['mnist-5-badnets-s0-scan.json']);
    const text = readFileSync(path.join(folder.path, 'mnist-5-badnets-s0-scan.json'), 'utf8');
    assert.deepEqual(Object.keys(JSON.parse(text) as object), [
      'basis',
      'cell',
      'engine',
      'scan',
      'seconds',
      'weights',
    ]);
    const known = await readResults(allCells(), folder.path);
    assert.deepEqual(known.get(cellName(cell)), { state: 'done', result });
    assert.equal([...known.values()].filter(({ state }) => state === 'missing').length, allCells().length - 1);
  });

  it('are stale when what they rest on has changed, missing when cut off, and failed with the reason', async () => {
    await writeResult({ ...result, basis: 'of other settings' }, folder.path);
    const state = async () => (await readResults([cell], folder.path)).get(cellName(cell))!;
    assert.deepEqual(await state(), { state: 'stale' });
    writeFileSync(path.join(folder.path, 'mnist-5-badnets-s0-scan.json'), '{ "basis":');
    assert.deepEqual(await state(), { state: 'missing' });
    await writeResult(
      { cell, basis: basisOf(cell), failure: { code: 'study.noData', message: 'Not here.' } },
      folder.path,
    );
    assert.deepEqual(await state(), { state: 'failed', failure: { code: 'study.noData', message: 'Not here.' } });
  });

  it('rest on the attack, the share, the seed and the task', () => {
    const bases = allCells().map(basisOf);
    assert.equal(new Set(bases).size, bases.length);
    assert.equal(basisOf(cell), basisOf({ ...cell }));
  });
});

describe('the schedule of the study', () => {
  const cells = ['mnist-5-badnets-s0-scan', 'mnist-5-badnets-s0-auto', 'mnist-5-blended-s0-scan'].map(cellOf);
  const nameOf = (job: Job): string => (job.type === 'model' ? `train ${modelName(job.model)}` : cellName(job.cell));

  /** A clock that jobs move: each takes as long as is said. */
  function run(more: Partial<Parameters<typeof schedule>[0]> & { seconds?: (job: Job) => number; budget?: number }) {
    const { seconds = () => 10, budget = Infinity, ...options } = more;
    const log: string[] = [];
    const unmade: string[] = [];
    let now = 0;
    let running = 0;
    let most = 0;
    const ends: { at: number; end: () => void }[] = [];
    const promise = schedule({
      cells,
      atOnce: 1,
      made: new Set(),
      estimate: seconds,
      left: () => budget - now,
      onUnmade: (cell, { message }) => void unmade.push(`${cellName(cell)}: ${message}`),
      perform: (job) => {
        log.push(`${now} ${nameOf(job)}`);
        most = Math.max(most, ++running);
        return new Promise((resolve) =>
          ends.push({
            at: now + seconds(job),
            end: () => {
              running--;
              resolve({ ok: true });
            },
          }),
        );
      },
      ...options,
    });
    const clock = (async () => {
      for (;;) {
        await new Promise((resolve) => setImmediate(resolve));
        ends.sort((a, b) => a.at - b.at);
        const next = ends.shift();
        if (!next) return;
        now = next.at;
        next.end();
      }
    })();
    return Promise.all([promise, clock]).then(([late]) => ({
      log,
      unmade,
      late: late.map(cellName),
      most: () => most,
    }));
  }

  it('trains a model once, and its cells after it, in order', async () => {
    const { log, late } = await run({});
    assert.deepEqual(log, [
      '0 train mnist-badnets-s0',
      '10 mnist-5-badnets-s0-scan',
      '20 mnist-5-badnets-s0-auto',
      '30 train mnist-blended-s0',
      '40 mnist-5-blended-s0-scan',
    ]);
    assert.deepEqual(late, []);
  });

  it('takes models that are there, and does two jobs beside each other but never one model twice', async () => {
    const { log, most } = await run({ atOnce: 2, made: new Set(['mnist-blended-s0']) });
    assert.deepEqual(log, [
      '0 train mnist-badnets-s0',
      '0 mnist-5-blended-s0-scan',
      '10 mnist-5-badnets-s0-scan',
      '10 mnist-5-badnets-s0-auto',
    ]);
    assert.equal(most(), 2);
  });

  it('begins nothing that would not end in time, and takes a shorter one instead', async () => {
    const seconds = (job: Job): number => (job.type === 'cell' && job.cell.task === 'auto' ? 100 : 10);
    const { log, late } = await run({ seconds, budget: 45 });
    assert.deepEqual(log, [
      '0 train mnist-badnets-s0',
      '10 mnist-5-badnets-s0-scan',
      '20 train mnist-blended-s0',
      '30 mnist-5-blended-s0-scan',
    ]);
    assert.deepEqual(late, ['mnist-5-badnets-s0-auto']);
    assert.deepEqual((await run({ budget: 15 })).log, [], 'a model without its cell is of no use');
  });

  it('gives up the cells of a model that could not be made, and goes on with the others', async () => {
    const failure = { kind: 'engine', code: 'x', message: 'No memory.' } as const;
    const done: string[] = [];
    const { unmade } = await run({
      perform: async (job) => (
        done.push(nameOf(job)),
        job.type === 'model' && job.model.attack === 'badnets' ? { ok: false, failure } : { ok: true }
      ),
    });
    assert.deepEqual(unmade, ['mnist-5-badnets-s0-scan: No memory.', 'mnist-5-badnets-s0-auto: No memory.']);
    assert.deepEqual(done, ['train mnist-badnets-s0', 'train mnist-blended-s0', 'mnist-5-blended-s0-scan']);
  });

  it('expects what was seen before what was written down', () => {
    const estimates = new Estimates({ auto: 160 });
    assert.equal(estimates.of('auto 5'), 160);
    [20, 40].forEach((seconds) => estimates.add('auto 5', seconds));
    assert.equal(estimates.of('auto 5'), 30);
    estimates.add('auto 5', 100);
    assert.equal(estimates.of('auto 5'), 75, 'near the longest, not the mean');
    assert.equal(estimates.of('auto 100'), 160);
  });
});
