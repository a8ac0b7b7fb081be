import { strict as assert } from 'node:assert';
import schema from '../../../schemas/fineprune.schema.json';
import {
  DATA_FORMATS,
  DATA_PATTERNS,
  DEFAULT_FORMAT,
  fieldsOf,
  formatNamed,
  looksLikeData,
  optionsFrom,
  placeOf,
  sourceFiles,
  sourceFrom,
  sourceOfPaths,
  splitOf,
  withoutFormat,
  withPaths,
  type DataSource,
} from '../../../server/protocol/data-source';

describe('a data source', () => {
  const source: DataSource = { format: 'idx', images: 'data/x', labels: 'data/y' };

  it('names its files, with their place in a config and what they hold, in the order of a report', () => {
    assert.deepEqual(
      sourceFiles(source, '/data/train').map(({ path, place, what }) => [path, place, what]),
      [
        ['data/x', '/data/train/images', 'images'],
        ['data/y', '/data/train/labels', 'labels'],
      ],
    );
    assert.equal(placeOf('idx', '/trigger', 'labels'), '/trigger/labels');
  });

  it('is made of typed paths, and of a part of a config without the rest of it', () => {
    assert.deepEqual(sourceOfPaths('idx', ['data/x', 'data/y']), source);
    const trigger = { kind: 'samples', target: 3, images: 'data/x', labels: 'data/y' };
    assert.deepEqual(sourceFrom('idx', trigger), source);
    assert.deepEqual(optionsFrom('idx', trigger), { format: 'idx' });
    const data = { format: 'idx', train: trigger, test: withoutFormat(source), scale: 1 } as const;
    assert.deepEqual([splitOf(data, 'train'), splitOf(data, 'test')], [source, source]);
  });

  it('is written as a config has it, with other paths where it moves', () => {
    assert.deepEqual(withoutFormat(source), { images: 'data/x', labels: 'data/y' });
    assert.deepEqual(
      withPaths(source, (file) => `../${file}`),
      { format: 'idx', images: '../data/x', labels: '../data/y' },
    );
    assert.deepEqual(source, { format: 'idx', images: 'data/x', labels: 'data/y' }, 'the source itself is untouched');
  });
});

describe('data formats', () => {
  it('are told by their word, and by default are what a config of version 0.1 means', () => {
    assert.equal(DEFAULT_FORMAT, 'idx');
    assert.equal(schema.definitions.DataConfig.properties.format.default, DEFAULT_FORMAT);
    assert.deepEqual([formatNamed('idx'), formatNamed(undefined), formatNamed('toString')], ['idx', 'idx', 'idx']);
  });

  it('say of both contents where they are', () => {
    for (const format of DATA_FORMATS)
      for (const content of ['images', 'labels'] as const)
        assert.equal(fieldsOf(format).filter(({ holds }) => holds.includes(content)).length, 1, `${format} ${content}`);
  });

  it('tells data files, and its globs find every one of them', () => {
    for (const name of ['train-images-idx3-ubyte', 't10k-labels.idx1', 'a_idx2_b', 'x-ubyte.gz', 'IDX4-x'])
      assert.ok(looksLikeData(name), name);
    for (const name of ['idx5', 'index3', 'ubyte.txt']) assert.ok(!looksLikeData(name), name);
    assert.deepEqual(DATA_PATTERNS, ['*idx[1-4]*', '*ubyte*']);
  });
});
