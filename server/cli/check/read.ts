import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { confinedPath } from '../../engine/files/confine';
import { badInput } from '../../protocol/errors';
import { notRegular } from './base/head';
import type { Target } from './context';

/**
 * Text of a file beside a report; null when there is none. A link is refused: what it names outside of the repository would end up in
 * messages and comments, and inside of it is checked under another name.
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
  await refuseLinks(target, path.join(target.folder, name), what);
  return readFile(file, 'utf8');
}

/**
 * Refuses a file that is a link, or lies behind one, below the folder that confines it.
 * @param file absolute
 * @throws FinePruneError `path.link`
 */
export async function refuseLinks({ allowed }: Target, file: string, what: string): Promise<void> {
  const fault = await notRegular(allowed.root, file);
  if (fault?.includes('symbolic link'))
    throw badInput('path.link', `The ${what} ${path.basename(file)} ${fault}; only a regular file is read.`, {
      file,
      todo: 'Put the file itself there.',
    });
}
