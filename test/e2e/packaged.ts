import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { findNativeEngine } from '../../server/engine/backend/native-sources';
import { projectRoot } from '../harness/install';
import { ownCache } from '../harness/own-cache';

/**
 * The VSIX that scripts/package.mjs has made.
 * @throws Error that says how to make it when it is not there
 */
export function packagedVsix(): string {
  const { version } = JSON.parse(readFileSync(path.join(projectRoot, 'package.json'), 'utf8')) as { version: string };
  const file = path.join(projectRoot, 'out', `fine-prune-${version}.vsix`);
  if (!existsSync(file))
    throw new Error(`${path.relative(projectRoot, file)} does not exist, and these tests test it: npm run package`);
  return file;
}

const withoutNative = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1';

/**
 * The environment in which the extension finds this machine's native engine, although its home is a fresh one.
 * @param temp folder for a cache of the tests' own, without an engine where they have to do without one
 */
export function engineEnv(temp: string): NodeJS.ProcessEnv {
  return { FINE_PRUNE_CACHE: withoutNative ? path.join(temp, 'no-engine') : ownCache(temp) };
}

/** The backend that a run has to take in that environment when its config says nothing. */
export async function expectedBackend(): Promise<'native' | 'wasm'> {
  return !withoutNative && (await findNativeEngine()).installed ? 'native' : 'wasm';
}
