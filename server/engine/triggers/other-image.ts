import { badInput } from '../../protocol/errors';
import { kindWords, type FileKind } from '../files/kinds';

/**
 * Refuses a trigger's image that is a file of another kind than PNG.
 * @throws FinePruneError `trigger.imageFormat`, `trigger.lfsPointer`
 */
export function refuseOtherImage(found: FileKind | null, file: string): void {
  if (!found || found.sure === 'name' || found.kind === 'png') return;
  if (found.kind === 'lfs-pointer')
    throw badInput(
      'trigger.lfsPointer',
      "The trigger's image is a Git LFS pointer: the image itself was not fetched.",
      { file, todo: 'Run `git lfs pull` in that repository.' },
    );
  throw badInput('trigger.imageFormat', `The trigger's image is not a PNG: it ${kindWords(found)}.`, {
    file,
    todo: 'Save it as a PNG.',
  });
}
