import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { selectBackend } from '../../../server/engine/backend/select';
import { openIdx } from '../../../server/engine/data/formats/idx/open-idx';
import { FinePruneError } from '../../../server/protocol/errors';
import { allCells, cellName, modelBasis, type Cell } from '../../../study/cells';
import { computeCell, madeModel, makeModel, trueFigures, type Place } from '../../../study/compute';
import { cleanData, dataFiles } from '../../../study/data';
import { inProcess } from '../../../study/processes';
import { attackSettings } from '../../../study/settings';
import { writeMnistSubset } from '../../fixtures/mnist';
import { failureOf } from '../../harness/files';
import { ownCache } from '../../harness/own-cache';
import { makeTempDir } from '../../harness/processes';

const backend = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? 'wasm' : 'native';
const cellOf = (name: string): Cell => allCells().find((cell) => cellName(cell) === name) ?? assert.fail(name);

describe('a cell of the study', function () {
  this.timeout(240_000);
  const temp = makeTempDir('fp-study-');
  const { signal } = new AbortController();
  const cell = cellOf('mnist-5-badnets-s0-scan');
  let place: Place;
  after(() => temp.remove());

  before(async () => {
    await selectBackend({ choice: backend, threads: 1 });
    place = {
      out: path.join(temp.dir, 'out'),
      files: await writeMnistSubset(temp.dir, { train: 4000, test: 600 }),
      backend,
    };
  });

  it('has clean data of its own: a share of the training set, drawn with the seed', async () => {
    const files = await cleanData(cell, place.files, path.join(temp.dir, 'cut'));
    const [all, cut] = [
      await openIdx(place.files.train.images, place.files.train.labels, 1 / 255),
      await openIdx(files.images, files.labels, 1 / 255),
    ];
    assert.equal(cut.count, 200);
    // Each cut image is one of the set's, with its label.
    const known = new Map(Array.from({ length: all.count }, (_, i) => [String(all.pixels([i])), all.labels[i]]));
    for (let i = 0; i < cut.count; i++) assert.equal(known.get(String(cut.pixels([i]))), cut.labels[i]);
    const written = statSync(files.images).mtimeMs;
    assert.deepEqual(await cleanData(cell, place.files, path.join(temp.dir, 'cut')), files);
    assert.equal(statSync(files.images).mtimeMs, written, 'cut once');
    const other = await cleanData({ ...cell, seed: 1 }, place.files, path.join(temp.dir, 'cut'));
    assert.ok(!readFileSync(other.labels).equals(readFileSync(files.labels)));
    assert.deepEqual(await cleanData({ ...cell, share: 100 }, place.files, temp.dir), place.files.train);
  });

  it('rests on a model that is made once, and counts with the trigger that it was attacked with', async () => {
    assert.equal(await madeModel(cell, place), null);
    await assert.rejects(computeCell(cell, place, signal), /has not been made/);
    await makeModel(cell, place, signal);
    const made = (await madeModel(cell, place))!;
    assert.equal(made.basis, modelBasis(cell));
    const { figures } = made;
    assert.equal(figures.of, 600);
    assert.ok(figures.correct > 480 && figures.successful > 0.6 * figures.ofTriggered, JSON.stringify(figures));
    const model = path.join(place.out, 'models', 'mnist-badnets-s0', 'model.json');
    const card = readFileSync(path.join(path.dirname(model), 'CARD.md'), 'utf8');
    assert.ok(
      card.includes(`${figures.correct} of 600`) && card.includes(`${figures.successful} of ${figures.ofTriggered}`),
      'the same that poison-train counted',
    );
    const { trigger } = attackSettings('badnets', 0);
    const away = await trueFigures(
      model,
      place.files.test,
      { ...trigger, kind: 'patch', right: 20, bottom: 20 },
      signal,
    );
    assert.ok(away.figures.successful < figures.successful / 2, 'the patch elsewhere is no trigger');
    assert.equal(away.figures.correct, figures.correct);
    assert.equal(await madeModel({ ...cell, seed: 1 }, place), null);
  });

  it('is computed in a process of its own', async () => {
    const { FINE_PRUNE_CACHE: cache } = process.env;
    process.env.FINE_PRUNE_CACHE = ownCache(temp.dir);
    const word = await inProcess({ type: 'cell', cell, place }, signal).finally(() => {
      if (cache === undefined) delete process.env.FINE_PRUNE_CACHE;
      else process.env.FINE_PRUNE_CACHE = cache;
    });
    assert.ok(word.type === 'computed');
    const { scan, weights, engine } = word.result;
    assert.equal(engine.backend, backend);
    assert.equal(weights, (await madeModel(cell, place))!.weights);
    assert.equal(scan!.classes.length, 10);
    assert.ok(scan!.classes.every(({ share, index }) => share > 0 && Number.isFinite(index)));
    assert.deepEqual(scan!.word === 'suspicious', scan!.flagged.length > 0);
    assert.ok(!JSON.stringify(word.result).includes(temp.dir), 'no path of this machine');
  });

  it('fails in words, and its process is gone when it is stopped', async () => {
    const missing: Place = {
      ...place,
      files: {
        ...place.files,
        test: { format: 'idx', images: path.join(temp.dir, 'none'), labels: path.join(temp.dir, 'none') },
      },
    };
    await failureOf('data.missing', () =>
      inProcess({ type: 'model', model: { ...cell, seed: 2 }, place: missing }, signal),
    );
    assert.equal(existsSync(path.join(place.out, 'models', 'mnist-badnets-s2', 'study.json')), false);
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 1500);
    const began = performance.now();
    await assert.rejects(
      inProcess({ type: 'model', model: { ...cell, seed: 2 }, place }, stop.signal),
      (e: unknown) => e instanceof FinePruneError && e.kind === 'cancelled',
    );
    assert.ok(performance.now() - began < 6000);
  });

  it('says what to do where a data set is not there', async () => {
    const failure = await failureOf('study.noData', () => dataFiles('fashion-mnist', temp.dir));
    assert.match(failure.todo!, /dataset-fashion-mnist/);
  });
});
