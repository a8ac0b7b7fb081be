import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { checkDataFitsModel } from '../../../../server/engine/data/checks';
import { openData, openSource } from '../../../../server/engine/data/open-data';
import { resolveConfig } from '../../../../server/engine/config/resolve-config';
import { badInput } from '../../../../server/protocol/errors';
import { failureOf, idxBytes, temporaryFolder } from '../../../harness/files';

const UBYTE = 0x08;

describe('a data set', () => {
  const folder = temporaryFolder();
  const resolve = async (relative: string) => path.join(folder.path, relative);
  const config = (data: object = {}) =>
    resolveConfig({
      model: 'model.json',
      data: {
        train: { images: 'a-images', labels: 'a-labels' },
        test: { images: 'b-images', labels: 'b-labels' },
        ...data,
      },
    });
  const writeSplits = async (train: number[], test: number[], labels = [0, 1]) => {
    await folder.write('a-images', idxBytes(UBYTE, train, new Uint8Array(train.reduce((a, b) => a * b))));
    await folder.write('a-labels', idxBytes(UBYTE, [2], [0, 2]));
    await folder.write('b-images', idxBytes(UBYTE, test, new Uint8Array(test.reduce((a, b) => a * b))));
    await folder.write('b-labels', idxBytes(UBYTE, [2], labels));
  };

  it('has the classes of both splits and the hash of each file by its path as written', async () => {
    await writeSplits([2, 4, 4], [2, 4, 4], [5, 1]);
    const data = await openData(config(), resolve);
    assert.equal(data.classes, 6);
    assert.deepEqual(data.shape, [4, 4, 1]);
    assert.deepEqual(
      data.files.map((file) => file.path),
      ['a-images', 'a-labels', 'b-images', 'b-labels'],
    );
    const expected = createHash('sha256')
      .update(await readFile(path.join(folder.path, 'b-labels')))
      .digest('hex');
    assert.equal(data.files[3]!.sha256, expected);
  });

  it('refuses splits of different shapes, and means that fit no channel', async () => {
    await writeSplits([2, 4, 4], [2, 4, 5]);
    const failure = await failureOf('data.shapeMismatch', () => openData(config(), resolve));
    assert.match(failure.message, /4×4×1.*4×5×1/);
    await writeSplits([2, 4, 4], [2, 4, 4]);
    const mean = await failureOf('data.normalisation', () => openData(config({ mean: [0.1, 0.2, 0.3] }), resolve));
    assert.equal(mean.place, '/data/mean');
  });

  it('refuses a model of another input shape or with fewer classes, naming both', async () => {
    await writeSplits([2, 4, 4], [2, 4, 4], [5, 1]);
    const data = await openData(config(), resolve);
    checkDataFitsModel(data, { inputShape: [4, 4, 1], classes: 6 });
    checkDataFitsModel(data, { inputShape: [null, -1, 1], classes: 10 });
    const shape = await failureOf('data.shape', () =>
      checkDataFitsModel(data, { inputShape: [32, 32, 3], classes: 6 }),
    );
    assert.match(shape.message, /4×4×1.*32×32×3/);
    const label = await failureOf('data.labelOutOfRange', () =>
      checkDataFitsModel(data, { inputShape: [4, 4, 1], classes: 5 }),
    );
    assert.match(label.message, /Label 5 of test image 0/);
    assert.equal(label.place, '/data/test/labels');
  });
});

describe('a source', () => {
  const folder = temporaryFolder();
  const source = { format: 'idx', images: 'images', labels: 'labels' } as const;
  const options = { scale: 1 / 255, name: 'clean' };

  it('is opened where its paths lead, and lists its files as they are written', async () => {
    await folder.write('images', idxBytes(UBYTE, [1, 1, 2], [0, 255]));
    await folder.write('labels', idxBytes(UBYTE, [1], [3]));
    const asked: unknown[] = [];
    const resolve = async (file: string, what?: string) => {
      asked.push([file, what]);
      return path.join(folder.path, file);
    };
    const split = await openSource(source, options, { resolve });
    assert.deepEqual([split.count, split.shape, [...split.labels]], [1, [1, 2, 1], [3]]);
    assert.deepEqual(
      split.files.map((file) => file.path),
      ['images', 'labels'],
    );
    assert.deepEqual(asked, [
      ['images', 'clean images'],
      ['labels', 'clean labels'],
    ]);
    assert.deepEqual(Object.keys(split).includes('hashes'), false);
  });

  it('says where in a config a path is that may not be followed, and nothing where there is none', async () => {
    const resolve = async (file: string) => {
      if (file === 'labels') throw badInput('path.outside', 'It lies outside.');
      return file;
    };
    const placed = await failureOf('path.outside', () => openSource(source, options, { resolve, place: '/trigger' }));
    assert.equal(placed.place, '/trigger/labels');
    const other = await failureOf('path.outside', () => openSource(source, options, { resolve }));
    assert.equal(other.place, undefined);
  });
});
