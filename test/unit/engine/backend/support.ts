import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { writeManifest } from '../../../../server/engine/backend/native-manifest';
import { TENSORFLOW_LIBRARIES } from '../../../../server/engine/backend/install/python';
import { BINDING_FILE } from '../../../../server/engine/backend/native-sources';
import { FinePruneError } from '../../../../server/protocol/errors';

export const ELF = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);

/** A FinePruneError with this code, whose sentence and next step match. */
export function failure(code: string, message: RegExp, todo?: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof FinePruneError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    if (todo) assert.match(error.todo ?? '', todo);
    return true;
  };
}

/** A cache folder of its own for each test of a suite, and the environment that names it. */
export function cacheOfTest() {
  const cache = { folder: '', env: {} as NodeJS.ProcessEnv };

  beforeEach(async () => {
    cache.folder = await mkdtemp(path.join(os.tmpdir(), 'fine-prune-native-'));
    cache.env = { ...process.env, FINE_PRUNE_CACHE: cache.folder, FINE_PRUNE_NATIVE_BINDING: '' };
  });
  afterEach(() => rm(cache.folder, { recursive: true, force: true }));
  return cache;
}

/** Puts the files of an installed engine there; none of them can be loaded. */
export async function fakeEngine(
  target: string,
  source: 'python' | 'wheel' = 'wheel',
  version = '2.21.0',
): Promise<void> {
  await mkdir(target, { recursive: true });
  await writeFile(path.join(target, BINDING_FILE), ELF);
  await writeFile(path.join(target, TENSORFLOW_LIBRARIES[0]), 'library');
  await writeManifest(target, { source, tensorflowVersion: version, binding: BINDING_FILE }, [
    BINDING_FILE,
    TENSORFLOW_LIBRARIES[0],
  ]);
}
