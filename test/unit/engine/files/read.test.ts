import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {
  piecesOf,
  readBytes,
  ReadFault,
  readInto,
  readPieces,
  readStart,
  readText,
  withFile,
  type ReadReason,
} from '../../../../server/engine/files/read';

const refused = (work: Promise<unknown>, reason: ReadReason, message = /./): Promise<void> =>
  assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof ReadFault, String(error));
    assert.equal(error.reason, reason);
    assert.equal(error.code, `file.${reason}`);
    assert.match(error.message, message);
    assert.ok(error.todo && error.file);
    return true;
  });

describe('a file that somebody else may have made', function () {
  this.timeout(10_000);
  let folder: string;
  let file: string;
  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'read-'));
    file = path.join(folder, 'a.txt');
  });
  beforeEach(() => writeFile(file, 'content'));
  after(() => rm(folder, { recursive: true, force: true }));

  it('is read whole, by its beginning, and in pieces', async () => {
    assert.equal(await readText(file, 7), 'content');
    assert.deepEqual(await readStart(file, 3), { bytes: Buffer.from('con'), size: 7 });
    assert.equal((await readStart(file, 100)).bytes.toString(), 'content');
    const into = new Uint8Array(7);
    await readInto(file, into);
    assert.equal(Buffer.from(into).toString(), 'content');
    const large = path.join(folder, 'large');
    await writeFile(large, Buffer.alloc(2_500_000, 1));
    const pieces: number[] = [];
    await readPieces(large, 3_000_000, ({ length }) => void pieces.push(length));
    assert.deepEqual(pieces, [1 << 20, 1 << 20, 2_500_000 - (2 << 20)]);
  });

  it('is refused by its size before anything is allocated', async () => {
    await truncate(file, 2 ** 40);
    await refused(readBytes(file, 1000), 'tooLarge', /has 1099511627776 bytes; at most 1000 are read/);
    await refused(
      readPieces(file, 1000, () => undefined),
      'tooLarge',
    );
    assert.equal((await readStart(file, 4)).size, 2 ** 40);
  });

  it('that is none is called what it is, and nobody waits for it', async () => {
    await refused(readBytes(path.join(folder, 'none'), 10), 'missing', /no such file/);
    await refused(readBytes(path.join(file, 'below'), 10), 'missing');
    await refused(readBytes(folder, 10), 'folder', /is a folder/);
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    for (const read of [
      readBytes(pipe, 10),
      readStart(pipe, 10),
      readText(pipe, 10),
      readInto(pipe, new Uint8Array(0)),
    ])
      await refused(read, 'special', /is a named pipe \(FIFO\), not a regular file/);
    const zero = path.join(folder, 'zero');
    await symlink('/dev/zero', zero);
    await refused(readBytes(zero, 10), 'special', /is a device/);
    const circle = path.join(folder, 'circle');
    await symlink(circle, circle);
    await refused(readBytes(circle, 10), 'link');
    const address = path.join(folder, 's');
    const server = await new Promise<Server>((resolve) => {
      const made = createServer().listen(address, () => resolve(made));
    });
    await refused(readBytes(address, 10), 'special', /is a socket/);
    await new Promise((done) => server.close(done));
  });

  it('with content and no size is one of the system', async function () {
    if (process.platform !== 'linux') return;
    for (const one of ['/proc/self/status', '/proc/self/mem', '/proc/self/environ']) {
      await refused(readBytes(one, 1 << 20), one.endsWith('mem') ? 'unreadable' : 'special');
      await refused(readInto(one, new Uint8Array(0)), one.endsWith('mem') ? 'unreadable' : 'special');
    }
  });

  it('is followed through links, but not where links were followed before', async () => {
    const link = path.join(folder, 'link');
    await symlink(file, link);
    assert.equal(await readText(link, 10), 'content');
    await refused(readText(link, 10, { resolved: true }), 'link', /is not followed/);
    assert.equal(await readText(file, 10, { resolved: true }), 'content');
  });

  it('that grows, shrinks or is written to while it is read is refused', async () => {
    for (const change of [
      () => appendFile(file, 'more'),
      () => truncate(file, 2),
      () => writeFile(file, 'CONTENT'),
      () => truncate(file, 0),
    ]) {
      await writeFile(file, 'content');
      // The clock of a file system is coarse.
      await new Promise((done) => setTimeout(done, 20));
      await refused(
        withFile(file, async (opened) => {
          await change();
          for await (const piece of piecesOf(opened, file)) void piece;
        }),
        'changed',
        /changed while it was read/,
      );
    }
    await refused(readInto(file, new Uint8Array(3)), 'changed');
  });

  it('that is replaced while it is read is read as it was opened', async () => {
    const other = path.join(folder, 'other');
    await writeFile(other, 'a longer text');
    const read = await withFile(file, async (opened) => {
      await rename(other, file);
      const parts: Buffer[] = [];
      for await (const piece of piecesOf(opened, file)) parts.push(Buffer.from(piece));
      return Buffer.concat(parts).toString();
    });
    assert.equal(read, 'content');
    assert.equal(await readText(file, 100), 'a longer text');
  });
});
