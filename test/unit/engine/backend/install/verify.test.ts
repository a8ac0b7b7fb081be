import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { probeBinding } from '../../../../../server/engine/backend/install/verify';
import { BINDING_FILE } from '../../../../../server/engine/backend/native-sources';
import { ELF, failure, cacheOfTest } from '../support';

describe('the check of a built binding', () => {
  const cache = cacheOfTest();

  it('refuses a binding that does not load, in the words of the loader', async () => {
    const binding = path.join(cache.folder, BINDING_FILE);
    await writeFile(binding, ELF);
    await assert.rejects(
      probeBinding(binding, cache.env),
      failure('engine.install.load', /tfjs_binding\.node: /, /WASM/),
    );
  });
});
