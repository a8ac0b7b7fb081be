import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { openIdx } from '../../../../../../server/engine/data/formats/idx/open-idx';
import { readIdxFile } from '../../../../../../server/engine/data/formats/idx/idx-file';
import { failureOf, idxBytes, mnistFile, temporaryFolder } from '../../../../../harness/files';

const UBYTE = 0x08;
const SCALE = 1 / 255;

describe('IDX files', () => {
  const folder = temporaryFolder();
  const openPair = (images: string, labels: string, scale = SCALE) => openIdx(images, labels, scale, 'test');
  const goodLabels = () => folder.write('labels', idxBytes(UBYTE, [2], [1, 0]));
  const goodImages = () => folder.write('images', idxBytes(UBYTE, [2, 2, 2], [0, 255, 51, 102, 255, 0, 0, 0]));

  it("reads MNIST's test set: counts, first image and label, hash of the file", async () => {
    const split = await openPair(mnistFile('t10k-images-idx3-ubyte'), mnistFile('t10k-labels-idx1-ubyte'));
    assert.equal(split.count, 10000);
    assert.deepEqual(split.shape, [28, 28, 1]);
    assert.equal(split.labels.length, 10000);
    assert.deepEqual(Array.from(split.labels.subarray(0, 10)), [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    assert.equal(split.labels.filter((label) => label !== 0).length, 9020);
    const bytes = await readFile(mnistFile('t10k-images-idx3-ubyte'));
    assert.equal(split.hashes[0], createHash('sha256').update(bytes).digest('hex'));
    const [first] = [split.pixels([0])];
    assert.equal(first.length, 784);
    first.forEach((value, i) => assert.equal(value, Math.fround(bytes[16 + i]! / 255)));
    assert.ok(
      first.some((value) => value > 0.9),
      'the digit is there',
    );
    assert.deepEqual(split.pixels([9999, 0]).subarray(784), first);
  });

  it('reads the same from gzip, whatever the name', async () => {
    const plain = mnistFile('t10k-labels-idx1-ubyte');
    const packed = await folder.write('labels', gzipSync(await readFile(plain)));
    const [one, other] = [await readIdxFile(plain, 'labels'), await readIdxFile(packed, 'labels')];
    assert.deepEqual(Buffer.from(one.body), Buffer.from(other.body));
    assert.notEqual(one.sha256, other.sha256);
  });

  it('reads images with channels, big-endian floats and wider labels', async () => {
    const floats = Buffer.alloc(4 * 12);
    [0, 0.25, 0.5, 0.75, 1, 0.125, 0, 0, 0, 0, 0, 1].forEach((value, i) => floats.writeFloatBE(value, 4 * i));
    const images = await folder.write('images', idxBytes(0x0d, [2, 1, 2, 3], floats));
    const labels = await folder.write('labels', idxBytes(0x0c, [2], [0, 0, 1, 2, 0, 0, 0, 3]));
    const split = await openPair(images, labels, 1);
    assert.deepEqual(split.shape, [1, 2, 3]);
    assert.deepEqual(Array.from(split.labels), [258, 3]);
    assert.deepEqual(Array.from(split.pixels([0])), [0, 0.25, 0.5, 0.75, 1, 0.125]);
  });

  it('takes 255 to exactly 1 and refuses an index outside of the set', async () => {
    const split = await openPair(await goodImages(), await goodLabels());
    assert.deepEqual(Array.from(split.pixels([0])), [0, 1, Math.fround(0.2), Math.fround(0.4)]);
    for (const index of [2, -1, 0.5]) assert.throws(() => split.pixels([index]), RangeError);
  });

  describe('refuses, each with its own code,', () => {
    const refuses = (code: string, name: string, images: () => Uint8Array, expected = /test images/) =>
      it(name, async () => {
        const file = await folder.write('images', images());
        const failure = await failureOf(code, async () => openPair(file, await goodLabels()));
        assert.equal(failure.file, file);
        assert.match(failure.message, expected);
        assert.ok(failure.todo);
      });
    const good = idxBytes(UBYTE, [2, 2, 2], [0, 255, 51, 102, 255, 0, 0, 0]);
    const noisy = idxBytes(
      UBYTE,
      [2, 40, 40],
      Uint8Array.from({ length: 3200 }, (_, i) => (i * i * 31) % 251),
    );

    refuses(
      'data.wrongMagic',
      'a wrong magic number',
      () => Buffer.concat([Buffer.from([0, 1, 8, 3]), good.subarray(4)]),
      /begins with 00010803/,
    );
    refuses('data.wrongMagic', 'an unknown element type', () =>
      Buffer.concat([Buffer.from([0, 0, 7, 3]), good.subarray(4)]),
    );
    refuses('data.wrongMagic', 'a dimension too many', () =>
      Buffer.concat([Buffer.from([0, 0, 8, 200]), good.subarray(4)]),
    );
    refuses('data.wrongMagic', 'a wrong magic number inside gzip', () =>
      gzipSync('a text that is no data set, in a gzip file'),
    );
    refuses('data.wrongMagic', 'a zip archive', () => Buffer.from('PK\x03\x04 and so on'), /zip archive/);
    refuses('data.wrongMagic', 'a web page', () => Buffer.from('<!DOCTYPE html><title>404</title>'), /web page/);
    refuses(
      'data.lfsPointer',
      'a Git LFS pointer',
      () => Buffer.from('version https://git-lfs.example/spec/v1\noid sha256:4d7a\nsize 7840016\n'),
      /LFS/,
    );
    refuses('data.empty', 'an empty file', () => Buffer.alloc(0));
    refuses('data.truncated', 'a file that ends within its header', () => good.subarray(0, 9));
    refuses('data.truncated', 'a file of three bytes', () => good.subarray(0, 3));
    refuses(
      'data.truncated',
      'a truncated file',
      () => good.subarray(0, good.length - 1),
      /2×2×2 elements make 24 bytes, but it has 23/,
    );
    refuses('data.truncated', 'a whole gzip of a truncated file', () => gzipSync(good.subarray(0, good.length - 1)));
    refuses('data.truncated', 'a gzip of nothing', () => gzipSync(''));
    refuses('data.trailingBytes', 'trailing bytes', () => Buffer.concat([good, Buffer.from([0])]));
    refuses('data.truncatedGzip', 'a gzip file cut off at its end', () => gzipSync(noisy).subarray(0, -9));
    refuses('data.truncatedGzip', 'a gzip file cut off in the middle', () => {
      const packed = gzipSync(noisy);
      return packed.subarray(0, packed.length >> 1);
    });
    refuses('data.truncatedGzip', 'a gzip file that is far too short for what it declares', () =>
      gzipSync(idxBytes(UBYTE, [30000, 200, 200], [1, 2])),
    );
    refuses('data.damagedGzip', 'a damaged gzip file', () => {
      const packed = gzipSync(noisy);
      packed[packed.length - 5]! ^= 0xff;
      return packed;
    });
    refuses('data.damagedGzip', 'gzip magic with nonsense behind it', () =>
      Buffer.from([0x1f, 0x8b, 99, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
    );
    refuses('data.gzipTooLong', 'one byte too many inside gzip', () =>
      gzipSync(Buffer.concat([good, Buffer.from([0])])),
    );
    refuses(
      'data.tooLarge',
      'dimensions whose product overflows',
      () => idxBytes(UBYTE, [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff], [1]),
      /declares/,
    );
    refuses('data.tooLarge', 'dimensions above 2 GiB in gzip', () => gzipSync(idxBytes(UBYTE, [60000, 200, 200], [1])));
    refuses('data.noImages', 'no images', () => idxBytes(UBYTE, [0, 28, 28], []));
    refuses('data.dimensions', 'images without pixels', () => idxBytes(UBYTE, [2, 0, 28], []));
    refuses('data.dimensions', 'sides that no image has', () => idxBytes(UBYTE, [1, 1, 9000], new Uint8Array(9000)));
    refuses('data.dimensions', 'labels in the place of images', () => idxBytes(UBYTE, [2], [1, 0]), /swapped/);
    refuses('data.elementType', 'images of shorts', () => idxBytes(0x0b, [2, 1, 1], [0, 1, 0, 2]));

    it('a gzip bomb, without inflating it', async () => {
      // 1 GB in a megabyte: gzip members one after the other, which unpack as one.
      const bomb = Buffer.concat([gzipSync(good), ...new Array<Buffer>(1024).fill(gzipSync(Buffer.alloc(1 << 20)))]);
      const file = await folder.write('images', bomb);
      const labels = await goodLabels();
      const before = process.resourceUsage().maxRSS;
      const failure = await failureOf('data.gzipTooLong', () => openPair(file, labels));
      assert.match(failure.message, /24 bytes/);
      assert.ok(process.resourceUsage().maxRSS - before < 64 << 10, 'the bomb stayed packed (kilobytes)');
    });

    it('a file that is not there, a folder, and a link in a circle', async () => {
      const labels = await goodLabels();
      await failureOf('data.missing', () => openPair(path.join(folder.path, 'none'), labels));
      await failureOf('data.missing', () => openPair(path.join(labels, 'none'), labels));
      await mkdir(path.join(folder.path, 'folder'));
      await failureOf('data.notAFile', () => openPair(path.join(folder.path, 'folder'), labels));
      await symlink('circle', path.join(folder.path, 'circle'));
      await failureOf('data.unreadable', () => openPair(path.join(folder.path, 'circle'), labels));
    });

    it('a file above the limit, by its size alone', async () => {
      const huge = path.join(folder.path, 'huge');
      const handle = await open(huge, 'w');
      await handle.truncate(2 ** 31);
      await handle.close();
      await failureOf('data.tooLarge', async () => openPair(huge, await goodLabels()));
    });

    it('unequal counts, exchanged files and labels that are no classes', async () => {
      const images = await goodImages();
      const labelled = (type: number, dims: number[], body: number[]) =>
        folder.write('labels', idxBytes(type, dims, body));
      const counts = await failureOf('data.countMismatch', async () =>
        openPair(images, await labelled(UBYTE, [3], [0, 1, 2])),
      );
      assert.match(counts.message, /2 images but 3 labels/);
      await failureOf('data.dimensions', () => openPair(images, images));
      const large = await failureOf('data.labelRange', async () =>
        openPair(images, await labelled(0x0c, [2], [0, 0, 0, 1, 0, 1, 0, 0])),
      );
      assert.match(large.message, /Label 65536 of image 1/);
      await failureOf('data.labelRange', async () => openPair(images, await labelled(0x09, [2], [0, 255])));
      await failureOf('data.elementType', async () =>
        openPair(images, await labelled(0x0d, [2], [0, 0, 0, 0, 0, 0, 0, 0])),
      );
    });

    it('a scale that does not take the pixels to [0, 1], and NaN', async () => {
      const [images, labels] = [await goodImages(), await goodLabels()];
      const failure = await failureOf('data.pixelRange', () => openPair(images, labels, 1));
      assert.match(failure.message, /0 to 255/);
      const floats = Buffer.alloc(8);
      floats.writeFloatBE(NaN, 4);
      const nan = await folder.write('nan', idxBytes(0x0d, [2, 1, 1], floats));
      await failureOf('data.pixelRange', () => openPair(nan, labels, 1));
      floats.writeFloatBE(-0.5, 4);
      await failureOf('data.pixelRange', async () =>
        openPair(await folder.write('nan', idxBytes(0x0d, [2, 1, 1], floats)), labels, 1),
      );
    });
  });
});
