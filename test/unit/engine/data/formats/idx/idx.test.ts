import assert from 'node:assert/strict';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { IDX } from '../../../../../../server/engine/data/formats/idx/idx';
import { failureOf, idxBytes, mnistFile, temporaryFolder } from '../../../../../harness/files';

const UBYTE = 0x08;

describe('the IDX format', () => {
  const folder = temporaryFolder();
  const header = (file: string) => IDX.header(file, 'test images', { format: 'idx' });

  it('matches by content, packed or not, whatever the name', () => {
    const bytes = idxBytes(UBYTE, [2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7]);
    for (const name of ['x', 'x.npz', 'train-images-idx3-ubyte.gz']) {
      assert.equal(IDX.match(name, bytes), true);
      assert.equal(IDX.match(name, gzipSync(bytes)), true);
      for (const other of ['PK\x03\x04', '<!DOCTYPE html>', 'text', ''])
        assert.equal(IDX.match(name, Buffer.from(other)), false);
      assert.equal(IDX.match(name, gzipSync('a text')), false);
    }
  });

  describe('says of a file without reading its pixels', () => {
    it('how many images of which shape', async () => {
      const images = mnistFile('t10k-images-idx3-ubyte');
      const expected = { images: { count: 10000, shape: [28, 28, 1] } };
      assert.deepEqual(await header(images), expected);
      const packed = await folder.write('packed', gzipSync(await readFile(images)));
      assert.deepEqual(await header(packed), expected);
      const link = path.join(folder.path, 'link');
      await symlink(packed, link);
      assert.deepEqual(await header(link), expected);
      const colour = await folder.write('colour', idxBytes(0x0d, [1, 1, 2, 3], new Uint8Array(24)));
      assert.deepEqual(await header(colour), { images: { count: 1, shape: [1, 2, 3] } });
    });

    it('how many labels, and the largest where that takes little reading', async () => {
      const labels = mnistFile('t10k-labels-idx1-ubyte');
      assert.deepEqual(await header(labels), { labels: { count: 10000, largest: 9 } });
      const packed = await folder.write('packed', gzipSync(await readFile(labels)));
      assert.deepEqual(await header(packed), { labels: { count: 10000, largest: 9 } });
      const many = await folder.write('many', gzipSync(idxBytes(UBYTE, [5 << 20], new Uint8Array(5 << 20))));
      assert.deepEqual(await header(many), { labels: { count: 5 << 20 } });
      const wide = await folder.write('wide', idxBytes(0x0b, [2], [0, 1, 0, 2]));
      assert.deepEqual(await header(wide), { labels: { count: 2 } });
      assert.deepEqual(await header(await folder.write('none', idxBytes(UBYTE, [0], []))), { labels: { count: 0 } });
    });

    it('that it holds neither', async () => {
      assert.deepEqual(await header(await folder.write('table', idxBytes(UBYTE, [2, 2], [1, 2, 3, 4]))), {});
    });
  });

  describe('refuses by the header alone, in the words of the reader,', () => {
    const good = idxBytes(UBYTE, [2, 2, 2], [0, 255, 51, 102, 255, 0, 0, 0]);
    const cases: [code: string, what: string, bytes: Uint8Array][] = [
      ['data.truncated', 'a truncated file', good.subarray(0, -1)],
      ['data.truncated', 'a truncated file of floats', idxBytes(0x0d, [2, 1, 1], [0, 0, 0, 0])],
      ['data.truncated', 'a file that ends within its header', good.subarray(0, 9)],
      ['data.trailingBytes', 'trailing bytes', Buffer.concat([good, Buffer.from([0])])],
      ['data.truncatedGzip', 'a gzip that is too short', gzipSync(idxBytes(UBYTE, [30000, 200, 200], [1, 2]))],
      ['data.damagedGzip', 'a damaged gzip', Buffer.from([0x1f, 0x8b, 99, 1, 2, 3, 4, 5, 6, 7, 8, 9])],
      ['data.tooLarge', 'more than is read', idxBytes(UBYTE, [0xffffffff, 0xffffffff], [1])],
      ['data.wrongMagic', 'a text', Buffer.from('a text that is no data')],
      ['data.wrongMagic', 'a packed text', gzipSync('a text that is no data')],
      ['data.wrongMagic', 'a zip archive', Buffer.from('PK\x03\x04 and so on')],
      ['data.lfsPointer', 'a pointer', Buffer.from('version https://git-lfs.example/spec/v1\noid sha256:4d\nsize 7\n')],
      ['data.empty', 'nothing', Buffer.alloc(0)],
    ];
    for (const [code, what, bytes] of cases) {
      it(what, async () => {
        const file = await folder.write('images', bytes);
        const failure = await failureOf(code, () => header(file));
        const read = await failureOf(code, () =>
          IDX.open({ format: 'idx', images: file, labels: file }, { scale: 1, name: 'test' }),
        );
        assert.deepEqual(failure.toFailure(), read.toFailure());
      });
    }

    it('what is no file', async () => {
      await failureOf('data.missing', () => header(path.join(folder.path, 'none')));
      await mkdir(path.join(folder.path, 'folder'));
      await failureOf('data.notAFile', () => header(path.join(folder.path, 'folder')));
      await symlink('circle', path.join(folder.path, 'circle'));
      await failureOf('data.unreadable', () => header(path.join(folder.path, 'circle')));
    });
  });
});
