import { lstat, mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { badInput, FinePruneError } from '../../../protocol/errors';
import { flushFolder, moveTo } from './disk';
import { outputFailure } from './failure';
import { checkOutputFolder } from './place';
import { foundWork, leftOver, oldName, removeWork, workFolder, type Move } from './work-folder';

/** Files that file managers leave in any folder. */
const STRAY = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini']);

/**
 * Mends what an earlier process has left that was killed while it wrote `<folder>/<name>.…`. Only under the lock on that name.
 * @returns places that now have what that process made, relative to the folder: all that it was to write; none where it had not begun
 *   to put anything in its place, or where nothing was left
 * @throws FinePruneError `output.leftOver` when a person has to decide; `output.…` when a place or the disk does not allow it
 */
export async function mendOutputs(folder: string, name: string): Promise<string[]> {
  const work = workFolder(folder, name);
  try {
    const found = await foundWork(work);
    if (!found) return [];
    if (found.moves) await makeMoves(folder, work, found.moves);
    await removeWork(work);
    return (found.moves ?? []).map(({ to }) => to);
  } catch (error) {
    throw outputFailure(error, error instanceof FinePruneError ? folder : work);
  }
}

/** Puts everything in its place that is not there yet, and flushes the folders. To be called again when it was interrupted, anywhere. */
export async function makeMoves(folder: string, work: string, moves: readonly Move[]): Promise<void> {
  const changed = new Set([folder, work]);
  for (const move of moves) {
    const [from, to] = [path.join(work, move.from), path.join(folder, move.to)];
    if (!(await isThere(from))) continue;
    const into = path.dirname(to);
    await checkOutputFolder(into, { root: folder, folders: [] });
    await mkdir(into, { recursive: true });
    changed.add(into);
    try {
      if (move.replaces) await setAside(to, path.join(work, oldName(move)), move.replaces, work);
      await moveTo(from, to);
    } catch (error) {
      throw outputFailure(error, to);
    }
  }
  for (const one of changed) await flushFolder(one);
}

async function setAside(folder: string, old: string, replaces: readonly string[], work: string): Promise<void> {
  if (!(await isThere(folder))) return;
  await checkReplaceable(folder, replaces);
  // The old one is there already: somebody has made another folder since.
  if (await isThere(old)) throw leftOver(work, `and ${path.basename(folder)} was made again since`);
  await moveTo(folder, old);
}

/**
 * Whether a folder may be replaced: only one that is not there, or in which nothing but certain files lies.
 * @param known their paths, relative, with forward slashes
 * @throws FinePruneError `output.foreignFiles`
 */
export async function checkReplaceable(folder: string, known: readonly string[]): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw outputFailure(error, folder);
    },
  );
  const files = new Set(known);
  const folders = new Set(known.flatMap(parents));
  for (const entry of entries) {
    const name = path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/');
    const ours = entry.isDirectory() ? folders.has(name) : files.has(name) || STRAY.has(entry.name);
    if (!ours) {
      throw badInput(
        'output.foreignFiles',
        `The output folder holds "${name}", which is not part of a saved model; the whole folder would be replaced.`,
        { file: folder, todo: 'Move that file away, or choose another output folder.' },
      );
    }
  }
}

/** `a/b/c.bin` → `a`, `a/b`. */
function parents(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}

const isThere = (file: string): Promise<boolean> =>
  lstat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
