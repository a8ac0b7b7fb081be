import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FinePruneError } from '../../server/protocol/errors';
import { DEFENDED_ENDING, MARKDOWN_ENDING, REPORT_FILE, SCAN_FILE } from '../../server/protocol/files';

interface Manifest {
  files: { name: string; bytes: number; sha256: string }[];
}

/** Made by running or at build time: the demo is there to be run, so it starts without results. */
const RESULTS = [DEFENDED_ENDING, REPORT_FILE.ending, MARKDOWN_ENDING, SCAN_FILE.ending];
const isCopied = (name: string): boolean =>
  !['data', 'out'].includes(name) && !RESULTS.some((ending) => name.endsWith(ending));

/** The example's files, relative to its folder. */
export async function exampleFiles(folder: string, below = ''): Promise<string[]> {
  const entries = await readdir(path.join(folder, below), { withFileTypes: true });
  const files = await Promise.all(
    entries
      .filter(({ name }) => isCopied(name))
      .map(async (entry) => {
        const file = path.join(below, entry.name);
        return entry.isDirectory() ? await exampleFiles(folder, file) : [file];
      }),
  );
  return files.flat().sort();
}

/** Copies the example and MNIST into a folder, each file under a temporary name first. `step` is called for every file. */
export async function copyDemo(
  example: string,
  mnist: string,
  into: string,
  step: (file: string, of: number) => void,
): Promise<void> {
  const files = await exampleFiles(example);
  const { files: data } = JSON.parse(await readFile(path.join(mnist, 'manifest.json'), 'utf8')) as Manifest;
  const total = files.length + data.length + 1;
  for (const file of files) {
    step(file, total);
    await write(path.join(into, file), await readFile(path.join(example, file)));
  }
  for (const { name, sha256 } of data) {
    step(name, total);
    const bytes = await readFile(path.join(mnist, name));
    const found = createHash('sha256').update(bytes).digest('hex');
    if (found !== sha256) {
      throw new FinePruneError({
        kind: 'engine',
        code: 'demo.damaged',
        message: `${name} is damaged: expected SHA-256 ${sha256}, found ${found}.`,
        file: path.join(mnist, name),
        todo: 'Reinstall the extension.',
      });
    }
    await write(path.join(into, 'data', name), bytes);
  }
  step('NOTICE.txt', total);
  await write(path.join(into, 'data', 'NOTICE.txt'), await readFile(path.join(mnist, 'NOTICE.txt')));
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
