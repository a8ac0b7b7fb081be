import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { chmod, link, mkdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nameFault, pathFault } from '../../../../../server/engine/files/names';
import { flushFolder, moveTo } from '../../../../../server/engine/files/output/disk';
import { mendOutputs } from '../../../../../server/engine/files/output/mend';
import { checkFolderPlace, checkOutputFolder, checkPlace } from '../../../../../server/engine/files/output/place';
import { checkParts, writeTogether } from '../../../../../server/engine/files/output/together';
import { shortName } from '../../../../../server/engine/files/output/work-folder';
import { appendToFile, writeFileAtomically, writeFileOnce } from '../../../../../server/engine/files/write';
import { lockName, workName } from '../../../../../server/protocol/files';
import { failureOf, temporaryFolder } from '../../../../harness/files';

describe('the place of an output', () => {
  const folder = temporaryFolder();
  const at = (...parts: string[]): string => path.join(folder.path, ...parts);
  const read = (name: string): string => readFileSync(at(name), 'utf8');
  let allowed: { root: string; folders: string[] };
  beforeEach(async () => {
    for (const name of ['ws', 'home', 'prod']) await mkdir(at(name));
    await writeFile(at('home/authorized_keys'), 'keys');
    await writeFile(at('prod/model.json'), 'model');
    allowed = { root: at('ws'), folders: [] };
  });
  const together = (content = 'new') =>
    writeTogether({ folder: at('ws'), name: 'x.scan', allowed }, [{ to: 'x.scan.json', content }]);

  /** What the journal of a folder says of it. */
  const identityOf = async (work: string): Promise<{ number: string; made: string | null }> => {
    const { ino, birthtimeNs, ctimeNs } = await stat(work, { bigint: true });
    return { number: String(ino), made: birthtimeNs < ctimeNs ? String(birthtimeNs) : null };
  };

  it('replaces a link in the place of a file, and leaves what it leads to', async () => {
    await symlink(at('home/authorized_keys'), at('ws/x.scan.json'));
    await together();
    assert.ok(lstatSync(at('ws/x.scan.json')).isFile());
    await symlink(at('home/authorized_keys'), at('ws/out.md'));
    await writeFileAtomically(at('ws/out.md'), 'new', { allowed });
    assert.ok(lstatSync(at('ws/out.md')).isFile());
    await symlink(at('home/none'), at('ws/broken.md'));
    await writeFileAtomically(at('ws/broken.md'), 'new', { allowed });
    assert.deepEqual(readdirSync(at('home')), ['authorized_keys']);
    assert.equal(read('home/authorized_keys'), 'keys');
  });

  it('replaces one name of a file with several, and leaves the others', async () => {
    await link(at('home/authorized_keys'), at('ws/x.scan.json'));
    await together();
    assert.equal(read('home/authorized_keys'), 'keys');
    assert.equal(read('ws/x.scan.json'), 'new');
  });

  it('refuses a link in the place of a folder', async () => {
    await symlink(at('prod'), at('ws/x.defended'));
    const parts = [
      { to: 'x.defended', files: new Map([['model.json', Buffer.from('new')]]), replaces: ['model.json'] },
    ];
    await failureOf('output.link', () => checkParts({ folder: at('ws'), name: 'x', allowed }, parts));
    await failureOf('output.link', () => writeTogether({ folder: at('ws'), name: 'x', allowed }, parts));
    assert.equal(read('prod/model.json'), 'model');
    assert.deepEqual(readdirSync(at('ws')), ['x.defended']);
  });

  it('refuses a link on the way that leads out of the workspace', async () => {
    await symlink(at('prod'), at('ws/results'));
    const out = at('ws/results/new');
    const failure = await failureOf('output.linkOutside', () => checkOutputFolder(out, allowed));
    assert.equal(failure.file, at('ws/results'));
    assert.ok(failure.todo!.includes(at('prod/new')), 'says how to mean it');
    await failureOf('output.linkOutside', () => writeFileAtomically(at('ws/results/a.md'), 'new', { allowed }));
    await failureOf('output.linkOutside', () => writeFileOnce(at('ws/results/a.json'), 'new', { allowed }));
    await failureOf('output.linkOutside', () => appendToFile(at('ws/results/a.md'), 'new', allowed));
    await checkOutputFolder(out, { root: at('ws'), folders: [at('prod')] });
    assert.deepEqual(readdirSync(at('prod')), ['model.json']);
  });

  it('takes links that stay inside, and folders that a person names elsewhere', async () => {
    await mkdir(at('ws/deep'));
    await symlink(at('ws/deep'), at('ws/inside'));
    await checkOutputFolder(at('ws/inside'), allowed);
    await checkOutputFolder(at('prod/not/there'), allowed);
    // Where a person links their own folders, outside of what others have made.
    await symlink(at('prod'), at('home/results'));
    await checkOutputFolder(at('home/results'), allowed);
  });

  it('refuses a link out of a repository, wherever one works', async () => {
    await mkdir(at('home/.git'));
    await symlink(at('prod'), at('home/results'));
    await failureOf('output.linkOutside', () => checkOutputFolder(at('home/results/x'), allowed));
    await failureOf('output.linkOutside', () => checkOutputFolder(at('home/results'), { folders: [] }));
    await symlink(at('nowhere'), at('ws/broken'));
    await failureOf('path.invalid', () => checkOutputFolder(at('ws/broken/x'), allowed));
  });

  it('adds to a link where it stays inside', async () => {
    await symlink(at('home/authorized_keys'), at('ws/summary.md'));
    await failureOf('output.linkOutside', () => appendToFile(at('ws/summary.md'), 'new', allowed));
    assert.equal(read('home/authorized_keys'), 'keys');
    await writeFile(at('ws/own.md'), 'a');
    await symlink(at('ws/own.md'), at('ws/alias.md'));
    await appendToFile(at('ws/alias.md'), 'b', allowed);
    await appendToFile(at('home/authorized_keys'), '+', allowed);
    assert.deepEqual([read('ws/own.md'), read('home/authorized_keys')], ['ab', 'keys+']);
  });

  if (process.platform !== 'win32') {
    it('is never a pipe or a device', async () => {
      execFileSync('mkfifo', [at('ws/pipe')]);
      await symlink('/dev/null', at('ws/null'));
      for (const name of ['pipe', 'null']) {
        await failureOf('output.notAFile', () => checkPlace(at('ws', name)));
        await failureOf('output.notAFile', () => writeFileAtomically(at('ws', name), 'new', { allowed }));
      }
      await failureOf('output.notAFile', () => appendToFile(at('ws/pipe'), 'new', allowed));
      await failureOf('output.fileInTheWay', () => checkFolderPlace(at('ws/pipe')));
      assert.ok((await stat('/dev/null')).isCharacterDevice());
    });

    it('keeps the permissions of the file that is replaced', async () => {
      await writeFile(at('ws/x.scan.json'), 'old');
      await chmod(at('ws/x.scan.json'), 0o640);
      await together();
      assert.equal((await stat(at('ws/x.scan.json'))).mode & 0o777, 0o640);
    });
  }

  it('has room for a long base name, and says beforehand where it has not', async () => {
    const long = 'n'.repeat(225);
    const place = { folder: at('ws'), name: long, allowed };
    const parts = ['.defense.json', '.defense.md'].map((ending) => ({ to: `${long}${ending}`, content: 'x' }));
    await writeTogether(place, [
      { to: `${long}.defended`, files: new Map([['m', Buffer.from('x')]]), replaces: [] },
      ...parts,
    ]);
    assert.equal(readdirSync(at('ws')).length, 3);
    const longer = { to: `${'n'.repeat(245)}.defense.json` };
    await failureOf('output.nameTooLong', () => checkParts(place, [longer]));
    for (const name of ['ü'.repeat(120), long]) {
      assert.ok(Buffer.byteLength(lockName(shortName(name))) < 140);
      assert.ok(Buffer.byteLength(workName(shortName(name))) < 140);
    }
    assert.equal(shortName('mnist'), 'mnist');
    assert.notEqual(shortName(long), shortName(`${long}n`));
  });

  it('takes a link in the place of the work folder away, and nothing behind it', async () => {
    await symlink(at('prod'), at('ws/.x.fineprune.tmp'));
    assert.deepEqual(await mendOutputs(at('ws'), 'x'), []);
    assert.deepEqual([readdirSync(at('ws')), read('prod/model.json')], [[], 'model']);
  });

  it('leaves files in the work folder that are not ours', async () => {
    await mkdir(at('ws/.x.fineprune.tmp'));
    await writeFile(at('ws/.x.fineprune.tmp/thesis.txt'), 'mine');
    await failureOf('output.leftOver', () => mendOutputs(at('ws'), 'x'));
    assert.equal(read('ws/.x.fineprune.tmp/thesis.txt'), 'mine');
  });

  it('of a journal of others, takes nothing', async () => {
    const work = 'ws/.x.fineprune.tmp';
    await mkdir(at(work));
    await delay(20);
    await writeFile(at(work, 'new-00000000-0'), 'theirs');
    for (const to of ['x.defense.json', '../home/authorized_keys', '/etc/x', 'a/../../b']) {
      const moves = [{ from: 'new-00000000-0', to }];
      // Even of this very folder, a path may not leave it.
      const identity = await identityOf(at(work));
      const identities =
        to === 'x.defense.json'
          ? [
              { ...identity, number: '1' },
              { ...identity, made: null },
            ]
          : [identity];
      for (const one of identities) {
        await writeFile(at(work, 'journal.json'), JSON.stringify({ version: 1, folder: one, moves }));
        await failureOf('output.leftOver', () => mendOutputs(at('ws'), 'x'));
      }
    }
    assert.deepEqual(readdirSync(at(work)), ['journal.json', 'new-00000000-0']);
    assert.equal(read('home/authorized_keys'), 'keys');
  });

  it('completes the earlier one first, and keeps what a person has put into the folder since', async () => {
    const work = at('ws/.x.fineprune.tmp');
    await mkdir(path.join(work, 'new-00000000-0'), { recursive: true });
    await delay(20);
    await writeFile(path.join(work, 'new-00000000-0/model.json'), 'new');
    await writeFile(path.join(work, '.gitignore'), '*');
    await mkdir(at('ws/x.defended'));
    await writeFile(at('ws/x.defended/notes.txt'), 'mine');
    const moves = [{ from: 'new-00000000-0', to: 'x.defended', replaces: ['model.json'] }];
    await writeFile(
      path.join(work, 'journal.json'),
      JSON.stringify({ version: 1, folder: await identityOf(work), moves }),
    );
    await failureOf('output.foreignFiles', () => mendOutputs(at('ws'), 'x'));
    assert.equal(read('ws/x.defended/notes.txt'), 'mine');
    await rename(at('ws/x.defended/notes.txt'), at('ws/notes.txt'));
    assert.deepEqual(await mendOutputs(at('ws'), 'x'), ['x.defended']);
    assert.equal(read('ws/x.defended/model.json'), 'new');
    assert.deepEqual(readdirSync(at('ws')).sort(), ['notes.txt', 'x.defended']);
  });

  it('is flushed as a folder', async () => {
    await flushFolder(realpathSync(at('ws')));
  });
});

describe('names on Windows', () => {
  const fault = (name: string) => nameFault(name, 'win32');

  it('are not those of devices, nor streams, nor what it changes by itself', () => {
    for (const name of ['CON', 'nul', 'Aux.json', 'com1.defense.json', 'LPT9.txt', 'COM¹', 'conin$', 'nul .txt'])
      assert.match(fault(name)!, /device/, name);
    for (const name of ['a:b', 'C:', 'model.json::$DATA']) assert.match(fault(name)!, /stream/, name);
    for (const name of ['a.', 'a ', '...']) assert.match(fault(name)!, /dot or a space/, name);
    for (const name of ['a<b', 'a|b', 'a?', 'a*', 'a"b', 'a\\b', 'a\u0001b']) assert.ok(fault(name), name);
    for (const name of ['console.json', 'com10', 'null', 'a.con', 'ümläut ß.json', '.hidden', 'a b'])
      assert.equal(fault(name), null, name);
    assert.match(pathFault('shards/aux.bin', 'win32')!, /device/);
    assert.equal(pathFault('shards/a.bin', 'win32'), null);
  });

  it('may be any elsewhere', () => {
    for (const name of ['CON', 'a:b', 'a.', 'a|b']) assert.equal(nameFault(name, 'linux'), null);
    for (const platform of ['win32', 'linux'] as const)
      for (const name of ['', '.', '..', 'a/b', 'a\0']) assert.ok(nameFault(name, platform));
  });

  it('are asked for before the work', async () => {
    await failureOf('output.name', () => checkPlace('C:\\out\\nul.scan.json', 'win32'));
    await failureOf('output.name', () => checkFolderPlace('\\\\server\\share\\a:b.defended', 'win32'));
  });
});

describe('renaming', () => {
  const failing = (code: string, times: number) => {
    let calls = 0;
    return {
      calls: () => calls,
      rename: () =>
        ++calls <= times ? Promise.reject(Object.assign(new Error(code), { code })) : Promise.resolve(undefined),
    };
  };

  it('asks again on Windows while somebody has the file open', async () => {
    for (const code of ['EPERM', 'EACCES', 'EBUSY']) {
      const { calls, rename: renamed } = failing(code, 3);
      await moveTo('a', 'b', { platform: 'win32', rename: renamed });
      assert.equal(calls(), 4);
    }
  });

  it('gives up at once elsewhere, for other faults, and in the end', async function () {
    this.timeout(20_000);
    for (const [code, platform] of [
      ['EPERM', 'linux'],
      ['ENOENT', 'win32'],
    ] as const) {
      const { calls, rename: renamed } = failing(code, 3);
      await assert.rejects(moveTo('a', 'b', { platform, rename: renamed }), { code });
      assert.equal(calls(), 1);
    }
    const { rename: renamed } = failing('EBUSY', Infinity);
    await assert.rejects(moveTo('a', 'b', { platform: 'win32', rename: renamed }), { code: 'EBUSY' });
  });
});
