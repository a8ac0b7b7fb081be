import assert from 'node:assert/strict';
import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ByteCache, type Held } from '../../../../server/engine/inspect/byte-cache';
import { MadeFromFiles } from '../../../../server/engine/inspect/file-memo';
import { waitFor } from '../../../harness/poll';
import { makeTempDir } from '../../../harness/processes';

describe('a cache bounded in bytes', () => {
  const disposed: string[] = [];
  const held = (name: string, bytes: number): Held & { name: string; bytes: number } => ({
    name,
    bytes,
    dispose: () => disposed.push(name),
  });
  beforeEach(() => void disposed.splice(0));

  it('lets those go first that were used longest ago, and gives back what they hold', () => {
    const cache = new ByteCache<Held>(100);
    cache.set('a', held('a', 40));
    cache.set('b', held('b', 40));
    assert.ok(cache.get('a'));
    cache.set('c', held('c', 40));
    assert.deepEqual([disposed, cache.size, cache.bytes], [['b'], 2, 80]);
    assert.equal(cache.get('b'), undefined);
  });

  it('keeps the newest even where it alone is too large', () => {
    const cache = new ByteCache<Held>(100);
    cache.set('a', held('a', 40));
    cache.set('b', held('b', 400));
    assert.deepEqual([disposed, cache.size], [['a'], 1]);
  });

  it('makes room before a value comes, and shrinks when one has grown', () => {
    const cache = new ByteCache<Held>(100);
    cache.set('a', held('a', 40));
    const b = held('b', 40);
    cache.set('b', b);
    cache.makeRoom(20);
    assert.deepEqual(disposed, []);
    cache.makeRoom(60);
    assert.deepEqual(disposed, ['a']);
    cache.set('c', held('c', 60));
    b.bytes = 41;
    assert.ok(cache.get('b'));
    cache.shrink();
    assert.deepEqual(disposed, ['a', 'c']);
    cache.makeRoom(1000);
    assert.deepEqual([disposed, cache.size], [['a', 'c', 'b'], 0]);
  });

  it('replaces and removes by key', () => {
    const cache = new ByteCache<Held>(100);
    cache.set('x|1', held('first', 1));
    cache.set('x|1', held('second', 1));
    cache.set('y|1', held('other', 1));
    cache.removeWhere((key) => key.startsWith('x|'));
    assert.deepEqual([disposed, cache.size], [['first', 'second'], 1]);
  });
});

describe('what was made from files', () => {
  const temp = makeTempDir('fp-memo-');
  const file = path.join(temp.dir, 'data');
  let made = 0;
  const make = async () => ({ value: ++made, files: [file] });
  /** A file must have rested for a while before it is trusted: see `MadeFromFiles`. */
  const settle = (memo: MadeFromFiles<number>) =>
    waitFor('a file that has rested', async () => {
      const before = await memo.get('key', make);
      return (await memo.get('key', make)) === before;
    });
  after(() => temp.remove());

  it('is kept while they stay as they are, and made again when one changes in any way', async () => {
    const memo = new MadeFromFiles<number>(2);
    writeFileSync(file, 'one');
    await settle(memo);
    const changes: [string, () => void][] = [
      ['other contents of the same length', () => writeFileSync(file, 'two')],
      ['other contents with the times of before', () => (writeFileSync(file, 'six'), utimesSync(file, 1, 1))],
      [
        'another file of that name',
        () => (writeFileSync(`${file}.new`, 'six'), utimesSync(`${file}.new`, 1, 1), renameSync(`${file}.new`, file)),
      ],
      ['gone', () => rmSync(file)],
    ];
    for (const [what, change] of changes) {
      const before = await memo.get('key', make);
      change();
      assert.equal(await memo.get('key', make), before + 1, what);
      if (what !== 'gone') await settle(memo);
    }
    const before = await memo.get('key', make);
    assert.equal(await memo.get('key', make), before + 1, 'a file that is gone is never trusted');
  });

  it('is not trusted where a file changed while it was read', async () => {
    const memo = new MadeFromFiles<number>(2);
    writeFileSync(file, 'old');
    const changing = async () => {
      const result = await make();
      writeFileSync(file, 'new');
      return result;
    };
    const first = await memo.get('key', changing);
    assert.equal(await memo.get('key', make), first + 1);
  });

  it('goes when others were used since', async () => {
    const memo = new MadeFromFiles<number>(2);
    writeFileSync(file, 'x');
    await settle(memo);
    const value = await memo.get('key', make);
    await memo.get('b', make);
    assert.equal(await memo.get('key', make), value);
    await memo.get('c', make);
    assert.equal(memo.values().length, 2);
    assert.equal(await memo.get('key', make), value, 'b went');
  });
});
