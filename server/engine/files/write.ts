import { access, constants, mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { badInput, type FinePruneError } from '../../protocol/errors';

/**
 * Writes a file under a temporary name in its folder, flushes it and renames it: readers see the old file or the
 * whole new one, never half of it. Makes the folder when it is missing.
 *
 * @throws FinePruneError of kind `input`, code `output.…`, when the place or the disk does not allow it
 */
export async function writeFileAtomically(file: string, content: string | Uint8Array): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    // The library writes with a single call and takes no notice when the disk has room for a part only: it would
    // replace the old file by the beginning of the new one (coder/xum#4282). So Node, which goes on until all is written or
    // refused, fills the temporary file; its name, its removal, flush and rename stay the library's.
    const options = { tmpfileCreated: (temporary: string) => writeFile(temporary, content) };
    await writeFileAtomic(file, '', options);
  } catch (error) {
    throw outputFailure(error, file);
  }
}

/**
 * Whether `writeFileAtomically` would find its place free, asked before the work that is to be saved there. Makes nothing.
 * @throws FinePruneError of kind `input`, code `output.…`
 */
export async function checkPlace(file: string): Promise<void> {
  try {
    if ((await stat(file).catch(() => null))?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    // The nearest folder that is there is where the others would be made.
    for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
      const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' && folder !== path.dirname(folder)) return null;
        throw error;
      });
      if (found && !found.isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
      if (found) return await access(folder, constants.W_OK | constants.X_OK);
    }
  } catch (error) {
    throw outputFailure(error, file);
  }
}

/** The failure of a file operation below an output folder in words for a person; what is no file error stays as it is. */
export function outputFailure(error: unknown, file: string): FinePruneError | unknown {
  const { code } = error as NodeJS.ErrnoException;
  const found = code === undefined ? undefined : OUTPUT_FAILURES[code];
  if (found === undefined) return error;
  const [word, message, todo] = found;
  return badInput(`output.${word}`, `${path.basename(file)} can't be written: ${message}.`, { file, todo });
}

const FULL: [string, string, string] = [
  'diskFull',
  'the disk is full',
  'Free some space, or choose another output folder. No partial file was left behind.',
];
const FORBIDDEN: [string, string, string] = [
  'notWritable',
  'its folder is not writable',
  'Change the permissions, or choose another output folder.',
];
const IN_THE_WAY: [string, string, string] = [
  'fileInTheWay',
  'there is a file where its folder should be',
  'Move that file away, or choose another output folder.',
];
const FOLDER: [string, string, string] = [
  'folderInTheWay',
  'there is a folder with this name',
  'Move that folder away, or choose another output folder.',
];
const READ_ONLY: [string, string, string] = ['readOnly', 'the disk is read-only', 'Choose another output folder.'];

/** Code, message and next step by the system's error. */
const OUTPUT_FAILURES: Record<string, [string, string, string]> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EFBIG: ['tooLarge', 'files this large are not allowed here', 'Raise the limit, or choose another output folder.'],
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
  ENOTDIR: IN_THE_WAY,
  EEXIST: IN_THE_WAY,
  EISDIR: FOLDER,
  ENOTEMPTY: FOLDER,
  EROFS: READ_ONLY,
  // Node says so when a folder can't be made on a read-only disk, too.
  ENOENT: ['notWritable', "its folder can't be created", 'Choose another output folder.'],
  ENAMETOOLONG: ['nameTooLong', 'its path is too long', 'Choose another output folder or a shorter name.'],
};
