import { createHash, randomBytes } from 'node:crypto';
import { appendFile, link, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { badInput } from '../../protocol/errors';
import { flushFolder, moveTo, writeNewFile } from './output/disk';
import { outputFailure } from './output/failure';
import { checkFollowed, checkOutputFolder, checkPlace, type OutputLimits } from './output/place';

/** Writing one file. What belongs together is written by `output/together.ts`. */

/** How a file is written. */
export interface WriteOptions {
  /** Where links on the way to the file may lead; left out, anywhere. */
  readonly allowed?: OutputLimits;
}

/**
 * Writes a file under a temporary name in its folder, flushes it and renames it: readers see the old file or the whole new one, never half
 * of it. Makes the folder when it is missing. A link in its place is replaced, not followed.
 *
 * @throws FinePruneError of kind `input`, code `output.…`, when the place or the disk does not allow it
 */
export async function writeFileAtomically(
  file: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  await writeUnder(file, options, async (temporary) => {
    await writeNewFile(temporary, content, file);
    await moveTo(temporary, file);
  });
}

/**
 * Writes a file that is not there yet, whole or not at all.
 * @returns false when there is something with its name, which stays as it is
 * @throws FinePruneError as writeFileAtomically does
 */
export async function writeFileOnce(file: string, content: string, options: WriteOptions = {}): Promise<boolean> {
  if (await lstat(file).catch(() => null)) return false;
  let made = true;
  await writeUnder(file, options, async (temporary) => {
    await writeNewFile(temporary, content);
    const taken = (error: NodeJS.ErrnoException): void => {
      if (error.code !== 'EEXIST') throw error;
      made = false;
    };
    // A disk without links: then by its own name at once.
    await link(temporary, file).catch((error: NodeJS.ErrnoException) =>
      error.code === 'EEXIST' ? taken(error) : writeNewFile(file, content).catch(taken),
    );
    await rm(temporary, { force: true });
  });
  return made;
}

/**
 * Adds to the end of a file that others may write, too.
 * @throws FinePruneError as writeFileAtomically does; `output.linkOutside` for a link that the workspace or a repository has in its place, and that leads out of it
 */
export async function appendToFile(file: string, text: string, allowed: OutputLimits): Promise<void> {
  try {
    await checkOutputFolder(path.dirname(file), allowed);
    await checkFollowed(file, allowed);
    if ((await lstat(file).catch(() => null))?.isFIFO())
      throw badInput('output.notAFile', `${path.basename(file)} can't be written: a pipe has this name.`, {
        file,
        todo: 'Choose another file.',
      });
    await appendFile(file, text);
  } catch (error) {
    throw outputFailure(error, file);
  }
}

/** Gives a temporary name in the file's folder, which is free again afterwards. */
async function writeUnder(
  file: string,
  { allowed }: WriteOptions,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const folder = path.dirname(file);
  try {
    if (allowed) await checkOutputFolder(folder, allowed);
    await mkdir(folder, { recursive: true });
    await checkPlace(file);
    await removeTemporaries(folder, temporaryOf(file));
    const temporary = path.join(folder, `${temporaryOf(file)}${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
    try {
      await write(temporary);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await flushFolder(folder);
  } catch (error) {
    throw outputFailure(error, file);
  }
}

const TEMPORARY = '.fineprune-';
/** How the temporary names for a file begin: short, whatever it is called. */
const temporaryOf = (file: string): string =>
  `${TEMPORARY}${createHash('sha256').update(path.basename(file)).digest('hex').slice(0, 8)}-`;

/**
 * Removes the temporary files that killed processes have left in a folder.
 * @param beginning of their names; left out, of any file
 */
export async function removeTemporaries(folder: string, beginning = TEMPORARY): Promise<void> {
  for (const name of await readdir(folder)) {
    const pid = /^\.fineprune-[0-9a-f]{8}-(\d+)-[0-9a-f]{8}\.tmp$/.exec(name)?.[1];
    if (pid === undefined || !name.startsWith(beginning) || isAlive(Number(pid))) continue;
    await rm(path.join(folder, name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
