import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { MNIST_FOLDER, writeMnistSubset } from '../fixtures/mnist';
import { projectRoot } from '../harness/install';

const EXAMPLE = path.join(projectRoot, 'examples', 'mnist-badnets');

/** Base name of the example's config, and so of everything that its run writes. */
export const NAME = 'mnist-badnets';

/** Numbers of MNIST images; left out: all of them. */
export interface Amount {
  readonly train: number;
  readonly test: number;
}

/**
 * The backdoored example with MNIST beside it, as Create Demo Workspace makes it, in `<parent>/mnist-badnets`.
 * @param config false leaves the config away
 * @returns the folder
 */
export async function makeDemoWorkspace(
  parent: string,
  { amount, config = true }: { amount?: Amount; config?: boolean } = {},
): Promise<string> {
  const folder = path.join(parent, NAME);
  const data = path.join(folder, 'data');
  await mkdir(data, { recursive: true });
  for (const file of ['model.json', 'weights.bin', ...(config ? [`${NAME}.fineprune.json`] : [])]) {
    await copyFile(path.join(EXAMPLE, file), path.join(folder, file));
  }
  if (amount) await writeMnistSubset(data, amount);
  // The example's config names gzipped files; how well they are compressed is nobody's concern here.
  for (const name of await readdir(amount ? data : MNIST_FOLDER)) {
    if (!name.endsWith('-ubyte')) continue;
    await writeFile(
      path.join(data, `${name}.gz`),
      gzipSync(await readFile(path.join(amount ? data : MNIST_FOLDER, name)), { level: 1 }),
    );
    if (amount) await rm(path.join(data, name));
  }
  return folder;
}

/** Bytes of the model's own files, to see that a run left them alone. */
export async function modelBytes(folder: string): Promise<Buffer> {
  return Buffer.concat(
    await Promise.all(['model.json', 'weights.bin'].map((file) => readFile(path.join(folder, file)))),
  );
}
