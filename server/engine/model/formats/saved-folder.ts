import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { badInput } from '../../../protocol/errors';
import { contains } from '../../files/confine';
import { checkReplaceable } from '../../files/output/mend';
import { checkFolderPlace } from '../../files/output/place';

/** Where saved models go, of any format. */

/** What shall be written into a folder of its own. Paths of files are relative, with forward slashes. */
interface FolderWish {
  /** The model that the saved one is made from: absolute path, empty for one that was made here. */
  readonly input: string;
  /** Files of the model. */
  readonly parts: readonly string[];
  /** Files of an older saved model that lies in the folder; empty when there is none that can be read. */
  partsOfOlder(folder: string): Promise<readonly string[]>;
}

/**
 * Whether a model may be written into a folder of its own, which replaces what is there.
 * @param folder absolute
 * @returns what may lie in the folder that is replaced: paths of files
 * @throws FinePruneError `output.inputFolder`, `output.link`, `output.fileInTheWay`, `output.foreignFiles`
 */
export async function checkFolder(folder: string, { input, parts, partsOfOlder }: FolderWish): Promise<string[]> {
  await refuseOwnFolder(input, folder);
  await checkFolderPlace(folder);
  const known = [...new Set([...parts, ...(await partsOfOlder(folder))])];
  await checkReplaceable(folder, known);
  return known;
}

/** The input must survive: its folder is not replaced, nor one that it lies in. */
async function refuseOwnFolder(input: string, folder: string): Promise<void> {
  if (input === '') return;
  const target = await realTarget(folder);
  const own = await realpath(path.dirname(input)).catch(() => path.dirname(input));
  if (contains(target, own)) {
    throw badInput('output.inputFolder', 'The output folder holds the input model, which is never overwritten.', {
      file: target,
      todo: 'Choose another output folder.',
    });
  }
}

/** The place that is meant, where a folder is a link to another one. */
async function realTarget(folder: string): Promise<string> {
  return realpath(folder).catch(async () =>
    path.join(await realpath(path.dirname(folder)).catch(() => path.dirname(folder)), path.basename(folder)),
  );
}
