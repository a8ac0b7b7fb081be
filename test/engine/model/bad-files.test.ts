import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openModel } from '../../../server/engine/model/formats/registry';
import { write } from './support';
import { refused, SpoiltModels } from './bad-input-support';

describe('models whose files are bad', function () {
  this.timeout(30_000);
  const models = new SpoiltModels();

  it('the unchanged one opens', async () => {
    const model = await openModel(await models.changed(() => undefined));
    assert.equal(model.classes, 4);
    model.dispose();
  });

  describe('files', () => {
    it('no file, a folder', async () => {
      await refused(path.join(models.folder, 'model.json'), 'model.notFound', /no such model file/);
      await refused(models.folder, 'model.notAFile', /not a file/);
    });
    it('empty, cut off, not JSON, not an object, another format', async () => {
      await refused(await write(models.folder, ''), 'model.empty', /empty/);
      await refused(await write(models.folder, models.good.json.slice(0, 500)), 'model.badJson', /not valid JSON/);
      await refused(await write(models.folder, '[1]'), 'model.badTopology', /expected an object/);
      await refused(await write(models.folder, '{"name": "package"}'), 'model.notLayersModel', /modelTopology/);
      await refused(await models.changed((json) => (json.format = 'graph-model')), 'model.graphModel', /graph model/, {
        place: /^\/format$/,
      });
    });
    it('too large', async () => {
      await refused(await write(models.folder, '{}' + ' '.repeat(65 * 2 ** 20)), 'model.tooLarge', /at most/);
    });
    it('a Git LFS pointer in the place of model.json or of the weights', async () => {
      const pointer =
        'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n';
      await refused(await write(models.folder, pointer), 'model.lfsPointer', /Git LFS pointer/);
      await refused(await models.changed(() => undefined, Buffer.from(pointer)), 'model.lfsPointer', /Git LFS pointer/);
    });
    it('outside of the workspace, also by a link', async () => {
      const file = await models.changed(() => undefined);
      const other = path.join(models.parent, 'workspace');
      await mkdir(other);
      await refused(file, 'model.outside', /outside the workspace/, { root: other });
      await symlink(file, path.join(other, 'model.json'));
      await refused(path.join(other, 'model.json'), 'model.outside', /outside the workspace/, { root: other });
    });
  });

  describe('weight files', () => {
    it('missing', async () => {
      const file = await models.changed(() => undefined);
      await rm(path.join(models.folder, 'weights.bin'));
      await refused(file, 'model.shardMissing', /"weights.bin" is missing/);
    });
    it('truncated: names the tensor that is cut off', async () => {
      await refused(
        await models.changed(() => undefined, models.good.weights.subarray(0, models.good.weights.length - 10)),
        'model.shardTooShort',
        /cut off in tensor "dense_2\/bias"/,
      );
      await refused(await models.changed(() => undefined, new Uint8Array(0)), 'model.shardTooShort', /0 bytes/);
    });
    it('oversized', async () => {
      await refused(
        await models.changed(() => undefined, Buffer.concat([models.good.weights, Buffer.alloc(4)])),
        'model.shardTooLong',
        new RegExp(`${models.good.weights.length + 4} bytes`),
      );
    });
    for (const [shard, message] of [
      ['../weights.bin', /points outside the folder/],
      ['a/../../weights.bin', /points outside the folder/],
      ['/etc/hostname', /not a relative path/],
      ['C:\\weights.bin', /not a relative path/],
      ['..\\weights.bin', /not a relative path/],
      ['https://example.org/weights.bin', /is a URL/],
      ['', /not a file name/],
      ['.', /not a file name/],
      ['model.json', /model.json itself/],
    ] as const) {
      it(`the path "${shard}"`, async () => {
        const file = await models.changed((json) => (json.weightsManifest![0]!.paths = [shard]));
        await writeFile(path.join(models.parent, 'weights.bin'), models.good.weights);
        await refused(file, 'model.shardPath', message, { place: /weightsManifest\/0\/paths/ });
      });
    }
    it('file names of weights are taken as they are', async () => {
      for (const shard of [
        'Gewichte (1).bin',
        '-größe+1.bin',
        '#1 %20.bin',
        ...(process.platform === 'win32' ? [] : ['group1:shard1of1.bin']),
      ]) {
        const file = await models.changed((json) => (json.weightsManifest![0]!.paths = [shard]));
        await writeFile(path.join(models.folder, shard), models.good.weights);
        (await openModel(file)).dispose();
      }
    });
    it('a link that leaves the folder', async () => {
      const outside = path.join(models.parent, 'outside.bin');
      await writeFile(outside, models.good.weights);
      const file = await models.changed(() => undefined);
      await rm(path.join(models.folder, 'weights.bin'));
      await symlink(outside, path.join(models.folder, 'weights.bin'));
      await refused(file, 'model.shardPath', /points outside the model's folder/);
    });
    it('a link inside the folder is fine', async () => {
      const file = await models.changed(() => undefined);
      await rm(path.join(models.folder, 'weights.bin'));
      await writeFile(path.join(models.folder, 'real.bin'), models.good.weights);
      await symlink('real.bin', path.join(models.folder, 'weights.bin'));
      (await openModel(file)).dispose();
    });
    it('listed twice, by name or by a link', async () => {
      await refused(
        await models.changed((json) => (json.weightsManifest![0]!.paths = ['weights.bin', './weights.bin'])),
        'model.shardPath',
        /twice/,
      );
      const half = models.good.weights.subarray(0, models.good.weights.length / 2);
      const file = await models.changed(
        (json) => (json.weightsManifest![0]!.paths = ['weights.bin', 'copy.bin']),
        half,
      );
      await symlink('weights.bin', path.join(models.folder, 'copy.bin'));
      await refused(file, 'model.shardPath', /names one file twice/);
    });
    it('a folder in the place of a shard', async () => {
      const file = await models.changed(() => undefined);
      await rm(path.join(models.folder, 'weights.bin'));
      await mkdir(path.join(models.folder, 'weights.bin'));
      await refused(file, 'model.shardMissing', /not a regular file/);
    });
    for (const [value, shown] of [
      [NaN, 'NaN'],
      [Infinity, 'Infinity'],
      [-Infinity, '-Infinity'],
    ] as const) {
      it(`${shown} among the weights`, async () => {
        const weights = models.good.weights.slice();
        // conv2d_1 has a kernel of 288 values, then its bias: value 5 of it.
        new DataView(weights.buffer).setFloat32(4 * (288 + 5), value, true);
        await refused(
          await models.changed(() => undefined, weights),
          'model.notFinite',
          new RegExp(`"conv2d_1/bias" holds ${shown} at index 5`),
          { place: /^\/weightsManifest\/0\/weights\/1$/ },
        );
      });
    }
  });
});
