import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { badInput, cancelled } from '../../../protocol/errors';
import { pathFault } from '../names';
import { writeNewFile, writeNewFolder } from './disk';
import { outputFailure } from './failure';
import { checkReplaceable, makeMoves, mendOutputs } from './mend';
import { checkFolderPlace, checkOutputFolder, checkPlace, type OutputLimits } from './place';
import { makeWorkFolder, removeWork, workFolder, writeJournal, type Move } from './work-folder';

/** Where outputs go. */
export interface OutputPlace {
  /** Absolute; made when it is missing. */
  readonly folder: string;
  /** The base name of all of them; a lock and a work folder are named after it. */
  readonly name: string;
  /** Where links on the way to the folder may lead; left out, anywhere. */
  readonly allowed?: OutputLimits;
}

/** One of several outputs. */
export interface Part {
  /** Its place: a path relative to the folder, with forward slashes. */
  readonly to: string;
  /** A file's content; left out to ask only whether the place is free. */
  readonly content?: string | Uint8Array;
  /** Instead: the files of a folder, by path in it, and which files may lie in the folder that it replaces. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
  readonly replaces?: readonly string[];
}

/**
 * Whether `writeTogether` would find its places free, asked before the work that is to be saved there. Makes nothing.
 * @throws FinePruneError of kind `input`, code `output.…`
 */
export async function checkParts({ folder, allowed }: OutputPlace, parts: readonly Part[]): Promise<void> {
  if (allowed) await checkOutputFolder(folder, allowed);
  for (const { to, replaces } of parts) {
    const place = path.join(folder, to);
    const fault = pathFault(to);
    if (fault !== null)
      throw badInput('output.name', `"${to}" ${fault}.`, { file: place, todo: 'Choose another name.' });
    if (path.dirname(place) !== folder) await checkOutputFolder(path.dirname(place), { root: folder, folders: [] });
    if (!replaces) await checkPlace(place);
    else {
      await checkFolderPlace(place);
      await checkReplaceable(place, replaces);
    }
  }
}

/**
 * Writes several outputs that belong together. All of them are on the disk, under temporary names, before the first takes its place, and
 * what is to go where is written down: a process that is killed at any moment leaves what was there as it was, or everything ready for
 * `mendOutputs` to put in its place.
 *
 * @param parts in the order in which they take their places
 * @param signal cancels until everything is ready; from then on all is written
 * @throws FinePruneError of kind `input`, code `output.…`; `cancelled`
 */
export async function writeTogether(place: OutputPlace, parts: readonly Part[], signal?: AbortSignal): Promise<void> {
  const { folder, name } = place;
  const work = workFolder(folder, name);
  let ready = false;
  try {
    if (place.allowed) await checkOutputFolder(folder, place.allowed);
    await mkdir(folder, { recursive: true });
    await mendOutputs(folder, name);
    await checkParts(place, parts);
    try {
      const moves = await stage(folder, work, parts);
      if (signal?.aborted) throw cancelled();
      await writeJournal(work, moves);
      ready = true;
      await makeMoves(folder, work, moves);
    } catch (error) {
      if (!ready) await removeWork(work).catch(() => undefined);
      throw error;
    }
    // All is written. What can't be removed now, the next run removes.
    await removeWork(work).catch(() => undefined);
  } catch (error) {
    throw outputFailure(error, path.join(folder, parts[0]!.to));
  }
}

async function stage(folder: string, work: string, parts: readonly Part[]): Promise<Move[]> {
  const { newName } = await makeWorkFolder(work);
  const moves: Move[] = [];
  for (const [i, { to, content, files, replaces }] of parts.entries()) {
    const from = newName(i);
    try {
      if (files) await writeNewFolder(path.join(work, from), files);
      else await writeNewFile(path.join(work, from), content ?? '', path.join(folder, to));
    } catch (error) {
      throw outputFailure(error, path.join(folder, to));
    }
    moves.push({ from, to, ...(files && { replaces: replaces ?? [] }) });
  }
  return moves;
}
