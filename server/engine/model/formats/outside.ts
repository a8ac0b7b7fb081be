import { realpath } from 'node:fs/promises';
import { badInput } from '../../../protocol/errors';
import { contains } from '../../files/confine';

/**
 * Refuses a model that lies outside of a folder, links followed, before anything of it is read. One that is not there is let through:
 * who opens it says so.
 * @throws FinePruneError `model.outside`
 */
export async function refuseOutside(file: string, root: string): Promise<void> {
  const real = await realpath(file).catch(() => null);
  if (real === null || contains(await realpath(root), real)) return;
  throw badInput('model.outside', 'The model is outside the workspace.', {
    file,
    todo: `Move it into ${root}, or open its folder as a workspace.`,
  });
}
