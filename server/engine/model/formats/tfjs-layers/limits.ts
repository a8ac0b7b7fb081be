import { badInput } from '../../../../protocol/errors';
import { MODEL_FILE, MODEL_FILES } from '../../../../protocol/files';
import { readBytes, ReadFault } from '../../../files/read';

/** Bytes of a model.json that are read at most; the weights lie in files of their own. */
export const MOST_MODEL_BYTES = MODEL_FILES['tfjs-layers'].mostBytes;

/**
 * The bytes of a model.json.
 * @param file as the person named it, for messages
 * @param at where it lies, links followed
 * @throws FinePruneError `model.notFound`, `.notAFile`, `.tooLarge`, `.unreadable`, `file.changed`
 */
export async function readModelFile(file: string, at = file): Promise<Buffer> {
  try {
    return await readBytes(at, MOST_MODEL_BYTES);
  } catch (error) {
    if (!(error instanceof ReadFault)) throw error;
    const { reason, message, size, system } = error;
    switch (reason) {
      case 'missing':
        throw badInput('model.notFound', 'There is no such model file.', {
          file,
          todo: 'Check the path; it may have been moved or deleted.',
        });
      case 'folder':
      case 'special':
        throw badInput('model.notAFile', `The model path is not a file. ${message}`, {
          file,
          todo: `Name the ${MODEL_FILE}${reason === 'folder' ? ' inside that folder' : ' itself'}.`,
        });
      case 'tooLarge':
        throw badInput('model.tooLarge', `The model file has ${size} bytes; at most ${MOST_MODEL_BYTES} are read.`, {
          file,
          todo: `Choose the ${MODEL_FILE}; weights belong in their own files.`,
        });
      case 'changed':
        throw error;
      default:
        throw badInput('model.unreadable', `The model file can't be read (${system}).`, {
          file,
          todo: 'Check the permissions of the file.',
        });
    }
  }
}
