import assert from 'node:assert/strict';
import path from 'node:path';
import { createSimpleCnn, formatOf, openModel, storageOf } from '../../../../server/engine/model/formats/registry';
import { hashesNow } from '../../../../server/engine/model/identity';
import { temporaryFolder, useBackend } from '../support';

const EXAMPLE = path.resolve(__dirname, '../../../../examples/mnist-badnets');

describe('models through the registry', () => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  before(async () => {
    await useBackend();
    temporary = await temporaryFolder();
  });
  after(() => temporary.remove());

  it('have the hashes of their files, before and after they are saved', async () => {
    const file = path.join(EXAMPLE, 'model.json');
    const format = await formatOf(file);
    const model = await openModel(file);
    try {
      assert.equal(model.format, format.id);
      const storage = await storageOf(model);
      assert.deepEqual(storage.files(model), [file, path.join(EXAMPLE, 'weights.bin')]);
      assert.deepEqual(await format.hashes.ofFiles(file), model.hashes);
      assert.deepEqual(hashesNow(model), model.hashes);
      const fresh = await createSimpleCnn({ seed: 7 });
      fresh.dispose();
      storage.reinitialise(model, 7);
      const now = hashesNow(model);
      assert.deepEqual(now, { ...model.hashes, weights: fresh.hashes.weights });
      const folder = path.join(temporary.folder, 'saved');
      assert.deepEqual(await storage.checkSaveFolder(model, folder), ['model.json', 'weights.bin']);
      const saved = await storage.save(model, folder);
      assert.deepEqual(saved, { path: path.join(folder, storage.fileName(model)), ...now });
      assert.deepEqual(await (await formatOf(saved.path)).hashes.ofFiles(saved.path), now);
    } finally {
      model.dispose();
    }
  });
});
