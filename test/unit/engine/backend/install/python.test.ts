import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { TENSORFLOW_LIBRARIES, findPythonTensorflow } from '../../../../../server/engine/backend/install/python';
import { cacheOfTest } from '../support';

describe("TensorFlow in the user's Python", () => {
  const cache = cacheOfTest();

  it("finds TensorFlow in the user's Python without importing it, and never in the working folder", async () => {
    const tensorflow = path.join(cache.folder, 'site', 'tensorflow');
    const header = path.join(tensorflow, 'include', 'tensorflow', 'c', 'c_api.h');
    await mkdir(path.dirname(header), { recursive: true });
    for (const file of [header, ...TENSORFLOW_LIBRARIES.map((name) => path.join(tensorflow, name))])
      await writeFile(file, '');
    await writeFile(path.join(tensorflow, '__init__.py'), 'raise SystemExit("imported")');
    const site = { ...cache.env, PYTHONPATH: path.join(cache.folder, 'site') };
    assert.equal((await findPythonTensorflow(site))?.folder, tensorflow);

    const before = process.cwd();
    try {
      process.chdir(path.join(cache.folder, 'site'));
      assert.notEqual((await findPythonTensorflow({ ...cache.env, PYTHONPATH: '' }))?.folder, tensorflow);
    } finally {
      process.chdir(before);
    }
    await rm(header);
    assert.notEqual((await findPythonTensorflow(site))?.folder, tensorflow);
  });
});
