import path from 'node:path';
import { badInput, type FinePruneError } from '../../../protocol/errors';

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
