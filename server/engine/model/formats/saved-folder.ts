import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readdir, realpath, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { badInput } from '../../../protocol/errors';
import { contains } from '../../files/confine';
import { outputFailure, writeFileAtomically } from '../../files/write';

/** Writes the files of saved models, of any format. */

/** Files that file managers leave in any folder. */
const STRAY = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);

/** What shall be written into a folder of its own. Paths of files are relative, with forward slashes. */
interface FolderWish {
  /** The model that the saved one is made from: absolute path, empty for one that was made here. */
  readonly input: string;
  /** Files of the model. */
  readonly parts: readonly string[];
  /** Files of an older saved model that lies in the folder; empty when there is none that can be read. */
  partsOfOlder(folder: string): Promise<readonly string[]>;
}

/**
 * Whether a model may be written into a folder of its own, which replaces what is there.
 * @returns the folder that is meant, links followed
 * @throws FinePruneError `output.inputFolder`, `output.fileInTheWay`, `output.foreignFiles`
 */
export async function checkFolder(folder: string, wish: FolderWish): Promise<string> {
  const target = await realTarget(path.resolve(folder));
  await refuseOwnFolder(wish.input, target);
  await refuseOthersFolder(target, wish);
  return target;
}

/**
 * Writes files into a folder that `checkFolder` gave, which appears whole or not at all.
 * @param files bytes by relative path
 * @throws FinePruneError `output.…`
 */
export async function writeFolder(target: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  try {
    await replaceFolder(target, files);
  } catch (error) {
    throw outputFailure(error, target);
  }
}

/**
 * Writes files into a folder that may hold other things: each is replaced as a whole, the one by which the model is opened last.
 * @param folder absolute
 * @param main that file's name
 * @returns its absolute path
 * @throws FinePruneError `output.…`
 */
export async function writeBeside(
  folder: string,
  files: ReadonlyMap<string, Uint8Array>,
  main: string,
): Promise<string> {
  for (const [name, content] of files) if (name !== main) await writeFileAtomically(path.join(folder, name), content);
  await writeFileAtomically(path.join(folder, main), files.get(main)!);
  return path.join(folder, main);
}

/** The place that is meant, where a folder is a link to another one. */
async function realTarget(folder: string): Promise<string> {
  return realpath(folder).catch(async () =>
    path.join(await realpath(path.dirname(folder)).catch(() => path.dirname(folder)), path.basename(folder)),
  );
}

/** The input must survive: its folder is not replaced, nor one that it lies in. */
async function refuseOwnFolder(input: string, target: string): Promise<void> {
  if (input === '') return;
  const own = await realpath(path.dirname(input)).catch(() => path.dirname(input));
  if (contains(target, own)) {
    throw badInput('output.inputFolder', 'The output folder holds the input model, which is never overwritten.', {
      file: target,
      todo: 'Choose another output folder.',
    });
  }
}

/** Only an empty folder or one with nothing but a saved model in it may be replaced. */
async function refuseOthersFolder(target: string, { parts, partsOfOlder }: FolderWish): Promise<void> {
  const found = await lstat(target).catch(() => null);
  if (!found) return;
  if (!found.isDirectory()) {
    throw badInput(
      'output.fileInTheWay',
      `${path.basename(target)} can't be written: there is a file where its folder should be.`,
      { file: target, todo: 'Move that file away, or choose another output folder.' },
    );
  }
  const entries = await readdir(target, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    throw outputFailure(error, target);
  });
  const known = new Set([...parts, ...(await partsOfOlder(target))]);
  const folders = new Set([...known].flatMap((f) => parents(f)));
  for (const entry of entries) {
    const name = path.relative(target, path.join(entry.parentPath, entry.name)).split(path.sep).join('/');
    const ours = entry.isDirectory() ? folders.has(name) : known.has(name) || STRAY.has(entry.name);
    if (!ours) {
      throw badInput(
        'output.foreignFiles',
        `The output folder holds "${name}", which is not part of a saved model; the whole folder would be replaced.`,
        { file: target, todo: 'Move that file away, or choose another output folder.' },
      );
    }
  }
}

/** `a/b/c.bin` → `a`, `a/b`. */
function parents(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

/** Writes all files into a new folder beside the target, then lets it take the target's place. */
async function replaceFolder(target: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const unique = randomBytes(6).toString('hex');
  const beside = (word: string) => path.join(path.dirname(target), `.${path.basename(target)}.${word}-${unique}`);
  const [fresh, old] = [beside('new'), beside('old')];
  try {
    await mkdir(fresh, { recursive: true });
    for (const [name, bytes] of files) {
      const file = path.join(fresh, name);
      await mkdir(path.dirname(file), { recursive: true });
      const handle = await open(file, 'wx');
      try {
        await handle.writeFile(bytes);
        // On disk before the rename: a crash must not leave a whole folder of empty files.
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
    await swap(fresh, target, old);
  } finally {
    await rm(fresh, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

async function swap(fresh: string, target: string, old: string): Promise<void> {
  const replaced = await rename(target, old).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  try {
    await rename(fresh, target);
  } catch (error) {
    if (replaced) await rename(old, target);
    throw error;
  }
}
