import path from 'node:path';
import { confinedPath } from '../../engine/files/confine';
import { ReadFault, readText } from '../../engine/files/read';
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
  try {
    await refuseLinks(target, path.join(target.folder, name), what);
    return await readText(file, most, { resolved: true });
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    if (error.reason === 'missing') return null;
    if (error.reason === 'tooLarge')
      throw badInput('check.tooLarge', `The ${what} has ${error.size} bytes; at most ${most} are read.`, {
        file,
        todo: 'Replace it with the right file.',
      });
    throw badInput(
      'check.notAFile',
      error.reason === 'unreadable'
        ? `The ${what} can't be read (${error.system}).`
        : `The ${what} is not a regular file. ${error.message}`,
      { file, todo: 'Replace it with the file itself.' },
    );
  }
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
