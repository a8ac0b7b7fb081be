import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { DataFiles } from '../../../../server/main/known/data-files';
import { idxBytes, temporaryFolder } from '../../../harness/files';

const UBYTE = 0x08;

describe('what the editor knows of a data file', () => {
  const folder = temporaryFolder();
  const files = new DataFiles();
  const fact = (file: string) => files.fact(file, { format: 'idx' });

  it('is its header, until the file changes', async () => {
    const file = await folder.write('labels', idxBytes(UBYTE, [2], [0, 6]));
    assert.deepEqual(await fact(file), { state: 'ok', header: { labels: { count: 2, largest: 6 } } });
    await folder.write('labels', idxBytes(UBYTE, [3], [0, 6, 7]));
    assert.deepEqual(await fact(file), { state: 'ok', header: { labels: { count: 3, largest: 7 } } });
  });

  it('is why it can not be used, with what to do', async () => {
    const file = await folder.write('x', Buffer.from('PK\x03\x04 and so on'));
    assert.deepEqual(await fact(file), {
      state: 'unreadable',
      message:
        "The file of the data is not in IDX format: it is a zip archive. Name an IDX file such as MNIST's, plain or gzip: images begin with 00000803, labels with 00000801.",
    });
    assert.deepEqual(await fact(path.join(folder.path, 'none')), { state: 'missing' });
    await mkdir(path.join(folder.path, 'folder'));
    assert.deepEqual(await fact(path.join(folder.path, 'folder')), { state: 'folder' });
  });

  it("of a trigger's image is what it is, and no more", async () => {
    const png = await folder.write('a.png', Buffer.from('89504e470d0a1a0a', 'hex'));
    assert.deepEqual(await files.picture(png), { state: 'ok', header: null });
    const data = await folder.write('b.png', idxBytes(UBYTE, [1], [1]));
    assert.equal((await files.picture(data)).state, 'unreadable');
  });
});
