import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { confinedPath, contains } from '../../../../server/engine/files/confine';
import { canonicalJson, sha256, sha256OfFile } from '../../../../server/engine/files/hash';
import { outputFailure } from '../../../../server/engine/files/output/failure';
import { checkPlace } from '../../../../server/engine/files/output/place';
import { writeFileAtomically } from '../../../../server/engine/files/write';
import { FinePruneError } from '../../../../server/protocol/errors';
import { failureOf, temporaryFolder } from '../../../harness/files';
import { contains as containsBy } from '../../../../server/protocol/paths';

describe('paths from a config', () => {
  const folder = temporaryFolder();
  let root: string;
  let outside: string;
  beforeEach(async () => {
    root = path.join(folder.path, 'workspace');
    outside = path.join(folder.path, 'elsewhere');
    await mkdir(path.join(root, 'configs'), { recursive: true });
    await mkdir(outside);
    await folder.write('elsewhere/secret', 'x');
    await folder.write('workspace/data', 'x');
  });
  const confined = (relative: string, folders: string[] = []) =>
    confinedPath(path.join(root, 'configs'), relative, { root, folders }, 'test images');

  it('start from its folder and stay inside the root', async () => {
    assert.equal(await confined('../data'), path.join(root, 'data'));
    assert.equal(await confined('new/folder/file'), path.join(root, 'configs', 'new', 'folder', 'file'));
    assert.equal(
      await confined('..names may begin with dots'),
      path.join(root, 'configs', '..names may begin with dots'),
    );
    assert.equal(await confined('..'), root);
  });

  for (const relative of [
    '../../elsewhere/secret',
    '../../elsewhere/none',
    '../../workspace-2/x',
    '../..',
    '/etc/passwd',
  ]) {
    it(`may not leave it: ${relative}`, async () => {
      const failure = await failureOf('path.outside', () => confined(relative));
      assert.match(failure.message, /test images/);
      assert.match(failure.todo!, /finePrune\.dataFolders.*--allow DIR/);
    });
  }

  it('may leave it for a folder that was allowed', async () => {
    assert.equal(await confined('../../elsewhere/secret', [outside]), path.join(outside, 'secret'));
    assert.equal(await confined(path.join(outside, 'secret'), [outside]), path.join(outside, 'secret'));
    await failureOf('path.outside', () => confined('../../elsewhere/secret', [path.join(folder.path, 'else')]));
  });

  it('are judged by what symbolic links lead to', async () => {
    await symlink(outside, path.join(root, 'link'));
    await symlink(path.join(outside, 'nothing'), path.join(root, 'dangling'));
    await failureOf('path.outside', () => confined('../link/secret'));
    await failureOf('path.outside', () => confined('../link/not/there/yet'));
    await failureOf('path.invalid', () => confined('../dangling'));
    assert.equal(await confined('../link/secret', [outside]), path.join(outside, 'secret'));
  });

  it('may go through links that stay inside, and the root may be one', async () => {
    await symlink(path.join(root, 'data'), path.join(root, 'alias'));
    assert.equal(await confined('../alias'), path.join(root, 'data'));
    await symlink(root, path.join(folder.path, 'linked-root'));
    const linked = path.join(folder.path, 'linked-root');
    assert.equal(await confinedPath(linked, 'data', { root: linked, folders: [] }, 'model'), path.join(root, 'data'));
  });

  it('must be paths', async () => {
    for (const relative of ['', '  ', 'a\0b']) await failureOf('path.invalid', () => confined(relative));
    await symlink('circle', path.join(root, 'circle'));
    await failureOf('path.invalid', () => confined('../circle'));
  });

  it('are compared by folder, not by letters', () => {
    assert.ok(contains('/a/b', '/a/b/c'));
    assert.ok(contains('/a/b', '/a/b'));
    assert.ok(!contains('/a/b', '/a/bc'));
    assert.ok(!contains('/a/b', '/a'));
    assert.ok(contains('/', '/a'));
    // A name that begins with two dots is a name.
    assert.ok(contains('/a/b', '/a/b/..name'));
    assert.ok(contains('/a', '/a/..name/c'));
    assert.ok(!contains('/a/b', '/a/b/..'));
    assert.ok(!contains('/a/b', '/a/b/../c'));
    assert.ok(contains('/a/b/', '/a/b'));
    assert.ok(contains('/a/b', '/a/b/c/'));
    assert.ok(!contains('/a/B', '/a/b/c'));
    const onWindows = (folder: string, target: string): boolean => containsBy(path.win32, folder, target);
    assert.ok(onWindows('C:\\Data', 'c:\\data\\x'));
    assert.ok(onWindows('C:\\Data\\', 'C:\\Data'));
    assert.ok(onWindows('C:\\Data', 'C:\\Data\\..name'));
    assert.ok(!onWindows('C:\\Data', 'D:\\Data'));
    assert.ok(!onWindows('C:\\Data', 'C:\\Database'));
  });
});

describe('writing files', () => {
  const folder = temporaryFolder();
  const written = (name: string, content: string | Uint8Array = 'text') =>
    writeFileAtomically(path.join(folder.path, name), content);

  it('writes text and bytes, makes folders, replaces, and leaves no temporary file', async () => {
    await written('a/b/file', 'old');
    await written('a/b/file', 'new');
    await written('a/b/bytes', new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4));
    assert.equal(await readFile(path.join(folder.path, 'a/b/file'), 'utf8'), 'new');
    assert.deepEqual([...(await readFile(path.join(folder.path, 'a/b/bytes')))], [1, 2, 3]);
    assert.deepEqual((await readdir(path.join(folder.path, 'a/b'))).sort(), ['bytes', 'file']);
  });

  it('finds out beforehand whether a place is free, and makes nothing', async () => {
    const at = (name: string): string => path.join(folder.path, name);
    await folder.write('out', 'precious');
    await mkdir(at('folder/report.json'), { recursive: true });
    await checkPlace(at('new/of/it/report.json'));
    await failureOf('output.fileInTheWay', () => checkPlace(at('out/report.json')));
    await failureOf('output.fileInTheWay', () => checkPlace(at('out/deep/report.json')));
    await failureOf('output.folderInTheWay', () => checkPlace(at('folder/report.json')));
    assert.deepEqual((await readdir(folder.path)).sort(), ['folder', 'out']);
  });

  it('says when a file lies in the place of the folder, and keeps it', async () => {
    const file = await folder.write('out', 'precious');
    const failure = await failureOf('output.fileInTheWay', () => written('out/report.json'));
    assert.equal(failure.file, path.join(folder.path, 'out/report.json'));
    assert.ok(failure.todo);
    await failureOf('output.fileInTheWay', () => written('out/deeper/report.json'));
    assert.equal(await readFile(file, 'utf8'), 'precious');
  });

  it('says when a folder lies in the place of the file, and leaves nothing behind', async () => {
    await mkdir(path.join(folder.path, 'report.json'));
    await failureOf('output.folderInTheWay', () => written('report.json'));
    assert.deepEqual(await readdir(folder.path), ['report.json']);
  });

  // A limit on file size stands in for a full disk: like one, it lets the first part of a write through. (Unlike one, it sends
  // a signal too, which the library would take for the end of the process.) Windows has none.
  if (process.platform !== 'win32') {
    it('keeps the old file when there is room for the first part of the new one only', async function () {
      this.timeout(60_000);
      const file = await folder.write('report.json', 'old');
      const script = await folder.write(
        'script.ts',
        `
        import { writeFileAtomically } from ${JSON.stringify(path.resolve('server/engine/files/write'))};
        process.on('SIGXFSZ', () => {});
        writeFileAtomically(${JSON.stringify(file)}, 'new'.repeat(100_000)).catch((error) => console.log(error.code));
      `,
      );
      const command = 'ulimit -f 64 && exec "$0" --import tsx "$1"';
      const { stdout } = await promisify(execFile)('sh', ['-c', command, process.execPath, script], {
        env: { ...process.env, TSX_DISABLE_CACHE: '1' },
      });
      assert.equal(stdout.trim(), 'output.tooLarge');
      assert.equal(await readFile(file, 'utf8'), 'old');
      assert.deepEqual((await readdir(folder.path)).sort(), ['report.json', 'script.ts']);
    });
  }

  it('has words for what the system can answer, and lets defects pass', () => {
    const codes = {
      ENOSPC: 'output.diskFull',
      EDQUOT: 'output.diskFull',
      EACCES: 'output.notWritable',
      EPERM: 'output.notWritable',
      EROFS: 'output.readOnly',
      EISDIR: 'output.folderInTheWay',
      ENOTDIR: 'output.fileInTheWay',
      ENAMETOOLONG: 'output.nameTooLong',
      EFBIG: 'output.tooLarge',
    };
    for (const [system, code] of Object.entries(codes)) {
      const failure = outputFailure(Object.assign(new Error(system), { code: system }), '/somewhere/report.json');
      assert.ok(failure instanceof FinePruneError);
      assert.equal(failure.code, code);
      assert.match(failure.message, /^report\.json can't be written/);
    }
    const defect = new TypeError('x is not a function');
    assert.equal(outputFailure(defect, 'report.json'), defect);
  });
});

describe('hashes', () => {
  const folder = temporaryFolder();
  const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

  it('are SHA-256 of bytes, text and files', async () => {
    assert.equal(sha256('abc'), ABC);
    assert.equal(sha256(Buffer.from('abc')), ABC);
    assert.equal(await sha256OfFile(await folder.write('abc', 'abc')), ABC);
  });

  it('rest on canonical JSON: equal values, equal text', () => {
    assert.equal(
      canonicalJson({ b: [1, 0.1, 1e21], a: { d: null, c: 'ü' } }),
      '{"a":{"c":"ü","d":null},"b":[1,0.1,1e+21]}',
    );
    assert.throws(() => canonicalJson({ a: NaN }));
    assert.throws(() => canonicalJson(undefined));
  });
});
