import { confinedPath } from '../../engine/files/confine';
import { ReadFault, readText } from '../../engine/files/read';
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
  try {
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
