import assert from 'node:assert/strict';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { baseName, readConfig } from '../../../../server/engine/config/read-config';
import { badInput } from '../../../../server/protocol/errors';
import { failureOf, temporaryFolder } from '../../../harness/files';
import { textOf } from './support';

describe('reading a config from disk', () => {
  const folder = temporaryFolder();

  it('gives name, folder, model and a resolver that stays inside', async () => {
    await folder.write('model.json', '{}');
    const file = await folder.write('mnist.fineprune.json', textOf({}));
    const opened = await readConfig(file);
    assert.equal(opened.name, 'mnist');
    assert.equal(opened.file, file);
    assert.equal(opened.folder, folder.path);
    assert.equal(opened.modelPath, path.join(folder.path, 'model.json'));
    assert.equal(await opened.resolve('data/x'), path.join(folder.path, 'data', 'x'));
    await failureOf('path.outside', () => opened.resolve('../x', 'test images'));
  });

  it('refuses a model outside, at its place in the config, unless root or a folder allow it', async () => {
    await mkdir(path.join(folder.path, 'configs'));
    const file = await folder.write('configs/a.fineprune.json', textOf({ model: '../model.json' }));
    const failure = await failureOf('path.outside', () => readConfig(file));
    assert.equal(failure.file, file);
    assert.match(failure.place!, /^\/model, line 2:12$/);
    assert.equal((await readConfig(file, { root: folder.path })).modelPath, path.join(folder.path, 'model.json'));
    assert.equal(
      (await readConfig(file, { allowedFolders: [folder.path] })).modelPath,
      path.join(folder.path, 'model.json'),
    );
  });

  it('follows a link to the config: paths are relative to the file itself', async () => {
    await mkdir(path.join(folder.path, 'real'));
    const real = await folder.write('real/a.fineprune.json', textOf({}));
    const link = path.join(folder.path, 'b.fineprune.json');
    await symlink(real, link);
    const opened = await readConfig(link);
    assert.equal(opened.modelPath, path.join(folder.path, 'real', 'model.json'));
    assert.equal(opened.name, 'b');
  });

  it('adds file and line to a failure that names only a place in the config', async () => {
    const file = await folder.write('a.fineprune.json', textOf({ trigger: { kind: 'patch', target: 12 } }));
    const opened = await readConfig(file);
    const placed = opened.placed(badInput('trigger.target', 'No such class.', { place: '/trigger/target' })) as {
      file: string;
      place: string;
      code: string;
    };
    assert.equal(placed.file, file);
    assert.match(placed.place, /^\/trigger\/target, line 15:15$/);
    const left = opened.placed(badInput('trigger.doesNotFit', 'Too large.', { place: '/trigger/size' })) as {
      place: string;
    };
    assert.match(left.place, /^\/trigger\/size, line 13:14$/);
    const other = badInput('data.missing', 'Not there.', { file: 'x', place: 'byte 0' });
    assert.equal(opened.placed(other), other);
    const defect = new Error('x');
    assert.equal(opened.placed(defect), defect);
  });

  it('says what is wrong with the file itself', async () => {
    await failureOf('config.missing', () => readConfig(path.join(folder.path, 'none.fineprune.json')));
    await failureOf('config.notAFile', () => readConfig(folder.path));
    await failureOf('config.empty', async () => readConfig(await folder.write('a.json', '')));
    await failureOf('config.encoding', async () =>
      readConfig(await folder.write('a.json', Buffer.from('\uFEFF{}', 'utf16le'))),
    );
    await failureOf('config.encoding', async () =>
      readConfig(await folder.write('a.json', Buffer.from('{"model": "\xe9"}', 'latin1'))),
    );
    await failureOf('config.tooLarge', async () =>
      readConfig(await folder.write('a.json', Buffer.alloc((1 << 20) + 1, 32))),
    );
    await failureOf('config.lfsPointer', async () =>
      readConfig(await folder.write('a.json', 'version https://git-lfs.example/spec/v1\noid sha256:4d7a\nsize 12\n')),
    );
    const broken = await failureOf('config.syntax', async () =>
      readConfig(await folder.write('a.json', '{ "model" }')),
    );
    assert.equal(broken.file, path.join(folder.path, 'a.json'));
  });

  it('takes the name without its endings', () => {
    assert.equal(baseName('/x/mnist.fineprune.json'), 'mnist');
    assert.equal(baseName('/x/a.b.FinePrune.json'), 'a.b');
    assert.equal(baseName('/x/defense.json'), 'defense');
    assert.equal(baseName('/x/.fineprune.json'), 'fineprune');
  });
});
