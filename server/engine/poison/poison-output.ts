import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { badInput } from '../../protocol/errors';
import { CARD_FILE } from '../../protocol/files';

/** The model whose layers are taken must survive: the new one would be written over it. */
export async function refuseOwnFolder(arch: string, out: string): Promise<void> {
  const [own, target] = await Promise.all(
    [path.dirname(arch), out].map((folder) => realpath(folder).catch(() => folder)),
  );
  if (own !== target) return;
  throw badInput(
    'output.inputFolder',
    'The output folder holds the model whose layers are used, which is never overwritten.',
    { file: out, todo: 'Choose another output folder.' },
  );
}

/**
 * A model that this command has not made stays as it is; our own, which has its card, may be made again.
 * @param fileName of the model that is to be written
 */
export async function refuseForeignModel(folder: string, fileName: string): Promise<void> {
  const [model, card] = await Promise.all(
    [fileName, CARD_FILE].map((name) => stat(path.join(folder, name)).catch(() => null)),
  );
  if (model && !card) {
    throw badInput(
      'output.foreignModel',
      `The output folder holds a ${fileName} that was not made by poison-train; it is not overwritten.`,
      { file: path.join(folder, fileName), todo: 'Choose another output folder.' },
    );
  }
}
