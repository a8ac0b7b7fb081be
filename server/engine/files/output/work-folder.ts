import { createHash, randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rm, rmdir, unlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { badInput, type FinePruneError } from '../../../protocol/errors';
import { workName } from '../../../protocol/files';
import { readText } from '../read';
import { flushFolder, moveTo, writeNewFile } from './disk';

/**
 * The folder in which outputs wait until they are whole, beside the places that they are for. What a killed process leaves is all in there:
 * without a journal, it had not begun to put things in their places; with one, it had everything ready, and the journal says what goes where.
 */

/** What goes to one place. */
export interface Move {
  /** Its name in the work folder. */
  readonly from: string;
  /** Its place: a path relative to the output folder, with forward slashes. */
  readonly to: string;
  /** Of a folder: the files that may lie in the one it replaces. Absent: a file. */
  readonly replaces?: readonly string[];
}

/** How the moves are written down: with what tells this work folder from a copy of it, such as one that came with a repository. */
interface Journal {
  readonly version: 1;
  readonly folder: Identity;
  readonly moves: readonly Move[];
}

/** What no copy of a folder has, nor one that git has made: its number on the disk and, where the disk knows it, when it was made. */
interface Identity {
  readonly number: string;
  readonly made: string | null;
}

const JOURNAL = 'journal.json';
/** Names that are ours. What else lies there is not removed. */
const OURS = /^(journal\.json(\.new)?|\.gitignore|\.DS_Store|Thumbs\.db|desktop\.ini|(new|old)-[0-9a-f]{8}-\d+)$/;
const MOST_JOURNAL_BYTES = 2 ** 20;
/** Longer base names are shortened to a hash: every name of ours has room where the config's has. */
const MOST_NAME_BYTES = 100;

/** A base name as it stands in hidden names of ours. */
export function shortName(name: string): string {
  if (Buffer.byteLength(name) <= MOST_NAME_BYTES) return name;
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}

export const workFolder = (folder: string, name: string): string => path.join(folder, workName(shortName(name)));

/** Makes the work folder. Git takes no notice of what is in it. */
export async function makeWorkFolder(work: string): Promise<{ newName(i: number): string }> {
  await mkdir(work);
  await writeNewFile(path.join(work, '.gitignore'), '*\n');
  const id = randomBytes(4).toString('hex');
  return { newName: (i) => `new-${id}-${i}` };
}

/** Under which name what lay in a place waits for its removal. */
export const oldName = ({ from }: Move): string => from.replace(/^new/, 'old');

/** What the work folder is; null where there is none. A link is none: it is taken away. */
export async function foundWork(work: string): Promise<{ names: string[]; moves: readonly Move[] | null } | null> {
  const found = await lstat(work).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!found) return null;
  if (!found.isDirectory()) {
    await unlink(work);
    return null;
  }
  const names = await readdir(work);
  return { names, moves: names.includes(JOURNAL) ? await readJournal(work) : null };
}

/** From here on the moves will be made, by this process or by the next one. */
export async function writeJournal(work: string, moves: readonly Move[]): Promise<void> {
  await flushFolder(work);
  const journal: Journal = { version: 1, folder: await settledIdentityOf(work), moves };
  const file = path.join(work, JOURNAL);
  await writeNewFile(`${file}.new`, JSON.stringify(journal));
  await moveTo(`${file}.new`, file);
  await flushFolder(work);
}

/** @throws FinePruneError `output.leftOver` for a journal that this folder was not made with */
async function readJournal(work: string): Promise<readonly Move[]> {
  const file = path.join(work, JOURNAL);
  const found = await lstat(file);
  if (found.isFile() && found.size <= MOST_JOURNAL_BYTES) {
    const read = parsed(await readText(file, MOST_JOURNAL_BYTES, { resolved: true }));
    const { number, made } = await identityOf(work);
    if (read?.folder.number === number && read.folder.made === made) return read.moves;
  }
  throw leftOver(work, 'which this folder was copied from, or which somebody else made');
}

function parsed(text: string): Journal | null {
  try {
    const value = JSON.parse(text) as Journal;
    return value.version === 1 && typeof value.folder === 'object' && value.moves.every(isMove) ? value : null;
  } catch {
    return null;
  }
}

/** Our own journal is trusted no further than it has to be: nothing leaves the two folders. */
function isMove({ from, to, replaces }: Move): boolean {
  const leaves = to.split('/').some((part) => part === '' || part === '.' || part === '..');
  const names = replaces === undefined || replaces.every((name) => typeof name === 'string');
  return OURS.test(from) && from.startsWith('new-') && !leaves && !path.isAbsolute(to) && !to.includes('\\') && names;
}

async function identityOf(work: string): Promise<Identity> {
  const { ino, birthtimeNs, ctimeNs } = await lstat(work, { bigint: true });
  // Where the disk does not know it, the system says the time of the last change.
  return { number: String(ino), made: birthtimeNs < ctimeNs ? String(birthtimeNs) : null };
}

/** The same, of a folder that was made just now: no clock of a disk tells such a change from its making. */
async function settledIdentityOf(work: string): Promise<Identity> {
  const identity = await identityOf(work);
  if (identity.made !== null) return identity;
  await delay(20);
  await chmod(work, (await lstat(work)).mode & 0o777);
  return await identityOf(work);
}

/** Removes the work folder, its journal first. @throws FinePruneError `output.leftOver` when something else lies in it */
export async function removeWork(work: string): Promise<void> {
  const names = await readdir(work).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (!names) return;
  if (names.includes(JOURNAL)) {
    await unlink(path.join(work, JOURNAL));
    await flushFolder(work);
  }
  for (const name of names)
    if (OURS.test(name)) await rm(path.join(work, name), { recursive: true, force: true, maxRetries: 3 });
  await rmdir(work).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return;
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') throw leftOver(work, 'and files that are not ours');
    throw error;
  });
}

/** A work folder that a person has to look at. @param why goes on after `what an interrupted run has left` */
export function leftOver(work: string, why: string): FinePruneError {
  return badInput('output.leftOver', `${path.basename(work)} holds what an interrupted run has left, ${why}.`, {
    file: work,
    todo: 'Look whether you need anything of it, then delete that folder.',
  });
}
