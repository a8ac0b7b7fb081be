import assert from 'node:assert/strict';
import path from 'node:path';
import { formatOf, headerOf, pairedSets, sourceOfFiles } from '../../../../../server/engine/data/formats/registry';
import { DATA_FORMATS } from '../../../../../server/protocol/data-source';
import { failureOf, idxBytes, temporaryFolder } from '../../../../harness/files';

const UBYTE = 0x08;

describe('the registry of data formats', () => {
  const folder = temporaryFolder();
  const at = (name: string) => path.join(folder.path, name);

  it('has every format of the protocol, under its name', () => {
    assert.deepEqual(
      DATA_FORMATS.map((format) => formatOf({ format }).name),
      DATA_FORMATS,
    );
  });

  it('makes a source of typed files, by their number and content', async () => {
    const images = await folder.write('x', idxBytes(UBYTE, [1, 1, 1], [1]));
    const labels = await folder.write('y', idxBytes(UBYTE, [1], [1]));
    assert.deepEqual(await sourceOfFiles([images, labels]), { format: 'idx', images, labels });
    assert.equal(await sourceOfFiles([images]), null);
    assert.equal(await sourceOfFiles([images, labels, labels]), null);
  });

  it('leaves it to a reader to say what is wrong with files that match no format, or are not there', async () => {
    const images = await folder.write('x', 'a text');
    const source = await sourceOfFiles([images, at('none')]);
    assert.deepEqual(source, { format: 'idx', images, labels: at('none') });
    await failureOf('data.wrongMagic', () => headerOf({ ...source!, labels: images }, 'train'));
  });

  it('says of a source what its files say of what they are meant to hold', async () => {
    const images = await folder.write('x', idxBytes(UBYTE, [2, 3, 4], new Uint8Array(24)));
    const labels = await folder.write('y', idxBytes(UBYTE, [2], [0, 6]));
    assert.deepEqual(await headerOf({ format: 'idx', images, labels }, 'train'), {
      images: { count: 2, shape: [3, 4, 1] },
      labels: { count: 2, largest: 6 },
    });
    assert.deepEqual(await headerOf({ format: 'idx', images: labels, labels: images }, 'train'), {}, 'swapped');
    const missing = await failureOf('data.missing', () =>
      headerOf({ format: 'idx', images, labels: at('none') }, 'train'),
    );
    assert.match(missing.message, /The file of the train labels does not exist/);
  });

  it('finds data sets among files', () => {
    const files = ['train-images', 'train-labels', 'test-images', 'test-labels', 'other.png'].map(at);
    assert.deepEqual(pairedSets(files), [
      {
        folder: folder.path,
        train: { format: 'idx', images: at('train-images'), labels: at('train-labels') },
        test: { format: 'idx', images: at('test-images'), labels: at('test-labels') },
      },
    ]);
  });
});
