import assert from 'node:assert/strict';
import { pairByName } from '../../../../../../server/engine/data/formats/idx/pair';

describe('IDX files that belong together', () => {
  const paired = (...files: string[]) =>
    pairByName(files).map(({ train, test }) => [train.images, train.labels, test.images, test.labels]);

  it('are called as those of MNIST', () => {
    const names = [
      '/d/train-images-idx3-ubyte',
      '/d/train-labels-idx1-ubyte',
      '/d/t10k-images-idx3-ubyte',
      '/d/t10k-labels-idx1-ubyte',
    ];
    assert.deepEqual(paired(...names), [names]);
    assert.deepEqual(pairByName(names)[0]?.folder, '/d');
  });

  it('may be compressed one by one, and call the test set in three ways, of which the usual one comes first', () => {
    const train = ['/d/train-images.idx3.gz', '/d/train-labels.idx1'];
    for (const word of ['t10k', 'test', 'val']) {
      const test = [`/d/${word}-images.idx3`, `/d/${word}-labels.idx1.gz`];
      assert.deepEqual(paired(...train, ...test), [[...train, ...test]]);
      const others = word === 'val' ? [] : ['/d/val-images.idx3', '/d/val-labels.idx1'];
      assert.deepEqual(paired(...train, ...others, ...test), [[...train, ...test]]);
    }
  });

  it('lie in one folder, one set after the other in the order of the files', () => {
    const set = (folder: string) =>
      ['train-images', 'train-labels', 'test-images', 'test-labels'].map((name) => `/${folder}/${name}.idx`);
    assert.deepEqual(paired(...set('b'), ...set('a')), [set('b'), set('a')]);
    assert.deepEqual(paired(...set('a').slice(0, 2), ...set('b').slice(2)), []);
  });

  it('are complete: no set without labels, without a test split, or of images that are their own labels', () => {
    assert.deepEqual(paired('/d/train-images-idx3-ubyte', '/d/t10k-images-idx3-ubyte'), []);
    assert.deepEqual(paired('/d/train-images-idx3-ubyte', '/d/train-labels-idx1-ubyte'), []);
    assert.deepEqual(paired('/d/train-image', '/d/test-image'), []);
  });
});
