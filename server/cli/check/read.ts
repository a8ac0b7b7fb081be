import { readFile, stat } from 'node:fs/promises';
import { confinedPath } from '../../engine/files/confine';
import { badInput } from '../../protocol/errors';
import type { Target } from './context';

/**
 * Text of a file beside a report; null when there is none. A link that leads out of the repository is refused: what it names
 * would end up in messages and comments.
 *
 * @param name file name in the report's folder
 * @throws FinePruneError `path.…`, `check.tooLarge`, `check.notAFile`
 */
export async function readBeside(target: Target, name: string, what: string, most: number): Promise<string | null> {
  const file = await confinedPath(target.folder, name, { root: target.allowed.root, folders: [] }, what);
  const info = await stat(file).catch(() => null);
  if (!info) return null;
  // Before it is opened: opening a pipe would wait for ever.
  if (!info.isFile())
    throw badInput('check.notAFile', `The ${what} is not a regular file.`, {
      file,
      todo: 'Replace it with the file itself.',
    });
  if (info.size > most)
    throw badInput('check.tooLarge', `The ${what} has ${info.size} bytes; at most ${most} are read.`, {
      file,
      todo: 'Replace it with the right file.',
    });
  return readFile(file, 'utf8');
}
