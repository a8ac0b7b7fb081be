import assert from 'node:assert/strict';
import type { DataConfig } from '../../../../server/protocol/config/config';
import { resolveConfig } from '../../../../server/engine/config/resolve-config';
import type { DataSet, Split } from '../../../../server/engine/data/dataset';
import { modelInput, normalise } from '../../../../server/engine/data/normalise';
import { drawn, randomStream } from '../../../../server/engine/data/random';
import { allIndices, shuffled, splitRoles } from '../../../../server/engine/data/roles';
import { failureOf } from '../../../harness/files';

const files = { images: 'images', labels: 'labels' };
const split = (count: number): Split => ({
  count,
  shape: [1, 2, 1],
  labels: Int32Array.from({ length: count }, (_, i) => i % 10),
  pixels: (indices) => Float32Array.from({ length: indices.length * 2 }, (_, i) => indices[i >> 1]! / 1000),
});
const dataset = (train: number, test: number): DataSet => ({
  format: 'idx',
  train: split(train),
  test: split(test),
  classes: 10,
  shape: [1, 2, 1],
  files: [],
});
const roles = (data: Partial<DataConfig>, seed = 0, train = 1000, test = 300) =>
  splitRoles(
    resolveConfig({ model: 'model.json', seed, data: { train: files, test: files, ...data } }),
    dataset(train, test),
  );
const ascending = (indices: Int32Array) => indices.every((index, i) => i === 0 || index > indices[i - 1]!);

describe('the roles of images', () => {
  it('are the reference set-up by default: test set analysed, 5,000 held out, the rest fine-tuned', () => {
    const { analysis, analysisRole, holdout, fineTune, fineTuneAvailable, test } = roles({}, 0, 60000, 10000);
    assert.equal(analysisRole, 'test');
    assert.deepEqual(analysis.indices, allIndices(10000));
    assert.deepEqual(test.indices, allIndices(10000));
    assert.equal(holdout.indices.length, 5000);
    assert.equal(fineTune.indices.length, 55000);
    assert.equal(fineTuneAvailable, 55000);
  });

  it('divide the training set: nothing twice, nothing lost, ascending', () => {
    const { holdout, fineTune } = roles({ holdout: 300 });
    assert.ok(ascending(holdout.indices) && ascending(fineTune.indices));
    assert.deepEqual(
      [...holdout.indices, ...fineTune.indices].sort((a, b) => a - b),
      [...allIndices(1000)],
    );
    assert.notDeepEqual(holdout.indices, allIndices(300));
  });

  it('hold out at most half of the training set', () => {
    const { holdout, fineTune } = roles({ holdout: 5000 }, 0, 101);
    assert.equal(holdout.indices.length, 50);
    assert.equal(fineTune.indices.length, 51);
  });

  it('follow the seed, and only the seed', () => {
    const indices = (seed: number) =>
      Object.values(roles({ holdout: 100, testImages: 50, fineTuneImages: 20 }, seed)).map((role) =>
        typeof role === 'object' ? role.indices : role,
      );
    assert.deepEqual(indices(3), indices(3));
    assert.notDeepEqual(roles({ holdout: 100 }, 3).holdout.indices, roles({ holdout: 100 }, 4).holdout.indices);
    assert.notDeepEqual(roles({ testImages: 50 }, 3).test.indices, roles({ testImages: 50 }, 4).test.indices);
  });

  it('draw subsets of their role', () => {
    const { analysis, fineTune, fineTuneAvailable, test, holdout } = roles({
      holdout: 200,
      fineTuneImages: 90,
      analysis: 'holdout',
      analysisImages: 40,
      testImages: 70,
    });
    assert.deepEqual(
      [analysis, fineTune, test].map(({ indices }) => indices.length),
      [40, 90, 70],
    );
    assert.equal(fineTuneAvailable, 800);
    assert.ok(analysis.indices.every((index) => holdout.indices.includes(index)));
    assert.ok(fineTune.indices.every((index) => !holdout.indices.includes(index)));
    assert.ok([analysis, fineTune, test].every(({ indices }) => ascending(indices)));
  });

  it('analyse the test images that are used, and no others', () => {
    const { analysis, test } = roles({ testImages: 70, analysisImages: 30 });
    assert.ok(analysis.indices.every((index) => test.indices.includes(index)));
  });

  it('draw each subset apart: another number held out leaves the test subset as it was', () => {
    assert.deepEqual(
      roles({ holdout: 100, testImages: 70 }).test.indices,
      roles({ holdout: 400, testImages: 70 }).test.indices,
    );
  });

  it('take all when more are asked for than there are', () => {
    assert.equal(roles({ testImages: 99999 }).test.indices.length, 300);
    assert.equal(roles({ holdout: 0, fineTuneImages: 99999 }).fineTune.indices.length, 1000);
  });

  it('can not analyse what was not held out', async () => {
    const failure = await failureOf('config.conflict', () => roles({ analysis: 'holdout', holdout: 0 }));
    assert.equal(failure.place, '/data/holdout');
    await failureOf('config.conflict', () => roles({ analysis: 'holdout' }, 0, 1));
  });
});

describe('random streams', () => {
  it('are the same for the same seed and purpose, and differ else', () => {
    assert.deepEqual(shuffled(50, 1), shuffled(50, 1));
    assert.notDeepEqual(shuffled(50, 1), shuffled(50, 2));
    assert.notDeepEqual(shuffled(50, 1, 'epoch 0'), shuffled(50, 1, 'epoch 1'));
    assert.notDeepEqual(shuffled(50, 0), shuffled(50, 4294967295));
  });

  it('stay as they are: reports of earlier versions must come out again', () => {
    assert.deepEqual(Array.from(shuffled(10, 0, 'holdout')), [8, 0, 3, 6, 7, 9, 2, 1, 4, 5]);
    const random = randomStream(7, 'pattern');
    assert.deepEqual(
      [random.unit(), random.unit()].map((value) => value * 2 ** 24),
      [10028328, 2758440],
    );
  });

  it('shuffle without bias: every number is as often in every place', () => {
    const counts = Array.from({ length: 4 }, () => new Array<number>(4).fill(0));
    for (let seed = 0; seed < 4000; seed++) shuffled(4, seed).forEach((value, place) => counts[place]![value]!++);
    // Expected 1000 each, standard deviation 27.
    for (const count of counts.flat()) assert.ok(Math.abs(count - 1000) < 140, `${count}`);
  });

  it('draw without replacement and leave their source alone', () => {
    const source = allIndices(100);
    const some = drawn(source, 30, 0, 'test');
    assert.equal(new Set(some).size, 30);
    assert.ok(ascending(some));
    assert.deepEqual(source, allIndices(100));
    assert.deepEqual(Array.from(shuffled(0, 0)), []);
    assert.deepEqual(Array.from(shuffled(1, 0)), [0]);
  });
});

describe('normalisation', () => {
  it('subtracts the mean and divides by the deviation of each channel', () => {
    const pixels = Float32Array.from([0.5, 0.5, 1, 0]);
    normalise(pixels, 2, { mean: [0.5, 0.25], std: [0.5, 0.25] });
    assert.deepEqual(Array.from(pixels), [0, 1, 1, -1]);
  });

  it('takes one value for all channels, and does nothing for mean 0 and deviation 1', () => {
    const pixels = Float32Array.from([0.5, 1]);
    normalise(pixels, 2, { mean: [0.5], std: [0.25] });
    assert.deepEqual(Array.from(pixels), [0, 2]);
    normalise(pixels, 2, { mean: [0], std: [1, 1] });
    assert.deepEqual(Array.from(pixels), [0, 2]);
  });

  it('refuses lists that fit no channel', () => {
    assert.throws(() => normalise(new Float32Array(4), 2, { mean: [0.1, 0.2, 0.3], std: [1] }), RangeError);
  });

  it('makes model input from a split without touching its pixels', () => {
    const source = split(3);
    assert.deepEqual(
      Array.from(modelInput(source, [2], 1, { mean: [0], std: [0.5] })),
      Array.from(Float32Array.from([0.004, 0.004])),
    );
    assert.deepEqual(source.pixels([2]), Float32Array.from([0.002, 0.002]));
  });
});
