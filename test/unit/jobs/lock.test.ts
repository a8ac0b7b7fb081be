import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, symlink, readdir, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describeHolder, type LockHolder, lockOutput } from '../../../server/jobs/lock';
import { FinePruneError } from '../../../server/protocol/errors';
import { makeTempDir } from '../../harness/processes';

const failsWith =
  (code: string, words: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof FinePruneError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, words);
    return true;
  };

describe('lock on an output', () => {
  const temp = makeTempDir('fp-lock-');
  const at = (...parts: string[]): string => path.join(temp.dir, ...parts);
  const terminal = { what: 'a terminal', waitMs: 0 };
  after(() => temp.remove());

  it('is held by one at a time, and the error says who holds it', async () => {
    const release = await lockOutput(at(), 'm', { what: 'the editor' });
    const waited: (LockHolder | null)[] = [];
    await assert.rejects(
      lockOutput(at(), 'm', { ...terminal, onWait: (holder) => waited.push(holder) }),
      failsWith('output.busy', new RegExp(`the editor \\(process ${process.pid}\\)`)),
    );
    assert.deepEqual(waited, [{ pid: process.pid, host: os.hostname(), what: 'the editor' }]);
    await release();
    await (
      await lockOutput(at(), 'm', terminal)
    )();
    assert.deepEqual(await readdir(at()), [], 'nothing is left behind');
  });

  it('goes to the one that waits when it is released', async () => {
    const release = await lockOutput(at(), 'm', terminal);
    const second = lockOutput(at(), 'm', { what: 'the editor', onWait: () => void release() });
    await (
      await second
    )();
  });

  it('keeps two outputs of one folder apart', async () => {
    const first = await lockOutput(at(), 'a', terminal);
    const second = await lockOutput(at(), 'b', terminal);
    await first();
    await assert.rejects(lockOutput(at(), 'b', terminal), failsWith('output.busy', /a terminal/));
    await second();
  });

  it('recovers a lock that a dead process left', async () => {
    const stale = at('.dead.fineprune.lock');
    await mkdir(stale);
    await writeFile(path.join(stale, 'holder.json'), JSON.stringify({ pid: 1, host: 'elsewhere', what: 'a terminal' }));
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(stale, longAgo, longAgo);
    await (
      await lockOutput(at(), 'dead', terminal)
    )();
    assert.equal(existsSync(stale), false);
  });

  it('recovers a lock from the future, as a clock that was set back leaves it, unless it is renewed', async function () {
    this.timeout(30_000);
    const ahead = at('.m.fineprune.lock');
    await mkdir(ahead);
    const tomorrow = Date.now() + 86_400_000;
    await utimes(ahead, new Date(tomorrow), new Date(tomorrow));
    let renewed = 0;
    const renewing = setInterval(() => void utimes(ahead, new Date(), new Date(tomorrow + ++renewed * 1_000)), 1_000);
    await assert.rejects(
      lockOutput(at(), 'm', { what: 'a terminal', waitMs: 7_000 }),
      failsWith('output.busy', /another process/),
    );
    clearInterval(renewing);
    const release = await lockOutput(at(), 'm', { what: 'a terminal' });
    await release();
    assert.equal(existsSync(ahead), false);
  });

  it('reads of a holder no more than a holder writes, and follows no link', async function () {
    this.timeout(30_000);
    const planted = at('.planted.fineprune.lock');
    await mkdir(planted);
    await symlink('/dev/zero', path.join(planted, 'holder.json'));
    await assert.rejects(lockOutput(at(), 'planted', terminal), failsWith('output.busy', /another process/));
    const beside = at('beside');
    await mkdir(beside);
    await writeFile(path.join(beside, 'precious'), 'x');
    await symlink(beside, at('.n.fineprune.lock'));
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(beside, longAgo, longAgo);
    await (
      await lockOutput(at(), 'n', terminal)
    )();
    assert.deepEqual([existsSync(at('.n.fineprune.lock')), existsSync(path.join(beside, 'precious'))], [false, true]);
  });

  it('takes away the folders that it made, unless something was written there', async () => {
    await (
      await lockOutput(at('new', 'deep'), 'm', terminal)
    )();
    assert.equal(existsSync(at('new')), false);

    const release = await lockOutput(at('kept', 'deep'), 'm', terminal);
    await writeFile(at('kept', 'deep', 'report'), '');
    await release();
    assert.deepEqual(await readdir(at('kept', 'deep')), ['report']);
  });

  it('gives one clear error when a file is in the folder’s place', async () => {
    await writeFile(at('file'), '');
    await assert.rejects(
      lockOutput(at('file'), 'm', terminal),
      (error) => error instanceof FinePruneError && error.kind === 'input' && error.code.startsWith('output.'),
    );
  });

  it('stops waiting when it is cancelled', async () => {
    const release = await lockOutput(at(), 'm', terminal);
    const stop = new AbortController();
    const waiting = lockOutput(at(), 'm', {
      what: 'the editor',
      waitMs: 60_000,
      signal: stop.signal,
      onWait: () => stop.abort(),
    });
    await assert.rejects(waiting, (error) => error instanceof FinePruneError && error.kind === 'cancelled');
    await release();
  });

  it('names holders on other hosts with their host', () => {
    assert.equal(describeHolder({ pid: 7, host: 'far', what: 'the editor' }), 'the editor (process 7 on far)');
    assert.equal(describeHolder(null), 'another process');
  });
});
