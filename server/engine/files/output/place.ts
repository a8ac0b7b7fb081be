import { access, constants, lstat, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { badInput } from '../../../protocol/errors';
import { contains, realLocation } from '../confine';
import { nameFault } from '../names';
import { outputFailure } from './failure';

/**
 * Where may be written. Unlike the paths in a config, the folder of an output is named by the person: it may lie anywhere. What others have
 * put on the way to it must not lead elsewhere: a link that lies in the workspace or in a git repository, and leads out of it.
 */

/** Where links on the way to an output may lead. */
export interface OutputLimits {
  /** The workspace: a folder of the editor, or where a terminal is. Absent: none, but repositories count all the same. */
  readonly root?: string | undefined;
  /** Folders that the person allowed beside it. */
  readonly folders: readonly string[];
}

/**
 * Whether links lead out of the workspace or repository on the way to an output folder, which need not exist.
 * @param folder absolute
 * @throws FinePruneError `output.linkOutside`; `path.invalid` for a broken link
 */
export async function checkOutputFolder(folder: string, { root, folders }: OutputLimits): Promise<void> {
  const target = await realLocation(folder, 'output folder');
  const home = root === undefined ? null : await realFolder(root);
  const all = [...(home === null ? [] : [home]), ...(await Promise.all(folders.map(realFolder)))];
  const inside = (place: string): boolean => all.some((one) => contains(one, place));
  if (inside(target)) return;
  for (const part of waysTo(folder)) {
    const found = await lstat(part).catch(() => null);
    if (!found) return;
    if (!found.isSymbolicLink()) continue;
    const [lies, leads] = [await realpath(path.dirname(part)), await realLocation(part, 'output folder')];
    const tree = await treeOf(lies, home);
    if (tree === null || contains(tree, leads) || inside(leads)) continue;
    throw badInput(
      'output.linkOutside',
      `The output is behind a symbolic link that leads out of ${tree}, to ${leads}. Nothing is written through it.`,
      { file: part, todo: `If that is where you want the output, name the folder itself: ${target}.` },
    );
  }
}

/**
 * Whether a link in the place of a file may be followed, to add to what it leads to.
 * @throws FinePruneError `output.linkOutside` for one that lies in the workspace or in a repository, and leads out of it or to no file
 */
export async function checkFollowed(file: string, { root }: OutputLimits): Promise<void> {
  if (!(await there(file))?.isSymbolicLink()) return;
  const tree = await treeOf(await realpath(path.dirname(file)), root === undefined ? null : await realFolder(root));
  if (tree === null) return;
  const leads = await realpath(file).catch(() => null);
  if (leads !== null && contains(tree, leads) && (await stat(leads)).isFile()) return;
  throw badInput(
    'output.linkOutside',
    `${path.basename(file)} is a symbolic link that leads out of ${tree}. Nothing is written through it.`,
    { file, todo: 'Delete the link, or choose another file.' },
  );
}

/**
 * Whether a file may be written in a place, asked before the work that is to be saved there. A link in its place is no hindrance: the file
 * takes the link's place, and what that leads to stays as it is. Makes nothing.
 * @throws FinePruneError of kind `input`, code `output.…`
 */
export async function checkPlace(file: string, platform: NodeJS.Platform = process.platform): Promise<void> {
  checkName(file, platform);
  try {
    const found = await there(file);
    if (found?.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' });
    const leads = found?.isSymbolicLink() ? await stat(file).catch(() => null) : found;
    // A device, a pipe: as root, one could be replaced by a file.
    if (leads && !leads.isFile() && !leads.isDirectory())
      throw badInput('output.notAFile', `${path.basename(file)} can't be written: a device or a pipe has this name.`, {
        file,
        todo: 'Choose another file.',
      });
    await checkParents(file);
  } catch (error) {
    throw outputFailure(error, file);
  }
}

/**
 * Whether a folder may be made in a place, or replaced there. What is in it is not looked at. Makes nothing.
 * @throws FinePruneError of kind `input`, code `output.…`
 */
export async function checkFolderPlace(folder: string, platform: NodeJS.Platform = process.platform): Promise<void> {
  checkName(folder, platform);
  try {
    const found = await there(folder);
    if (found?.isSymbolicLink())
      throw badInput('output.link', `${path.basename(folder)} can't be written: a symbolic link has this name.`, {
        file: folder,
        todo: 'Delete the link, or choose another output folder.',
      });
    if (found && !found.isDirectory())
      throw badInput(
        'output.fileInTheWay',
        `${path.basename(folder)} can't be written: there is a file where its folder should be.`,
        { file: folder, todo: 'Move that file away, or choose another output folder.' },
      );
    await checkParents(folder);
  } catch (error) {
    throw outputFailure(error, folder);
  }
}

function checkName(file: string, platform: NodeJS.Platform): void {
  const fault = nameFault((platform === 'win32' ? path.win32 : path).basename(file), platform);
  if (fault === null) return;
  throw badInput('output.name', `"${path.basename(file)}" ${fault}.`, { file, todo: 'Choose another name.' });
}

/** What has a name, links not followed; null where nothing has. A name that is too long is an error here already. */
async function there(file: string): Promise<Awaited<ReturnType<typeof lstat>> | null> {
  return await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** The nearest folder that is there is where the others would be made. */
async function checkParents(file: string): Promise<void> {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' && folder !== path.dirname(folder)) return null;
      throw error;
    });
    if (found && !found.isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    if (found) return await access(folder, constants.W_OK | constants.X_OK);
  }
}

/** A folder and all above it, the highest first. */
function waysTo(folder: string): string[] {
  const parts: string[] = [];
  for (let part = path.resolve(folder); part !== path.dirname(part); part = path.dirname(part)) parts.unshift(part);
  return parts;
}

/** The workspace or the git repository that a folder lies in: what others may have put there. */
const treeOf = async (folder: string, root: string | null): Promise<string | null> =>
  root !== null && contains(root, folder) ? root : await repositoryOf(folder);

/** The git repository that a folder lies in; null where there is none. */
async function repositoryOf(folder: string): Promise<string | null> {
  for (let part = folder; ; part = path.dirname(part)) {
    if (await lstat(path.join(part, '.git')).catch(() => null)) return part;
    if (part === path.dirname(part)) return null;
  }
}

const realFolder = (folder: string): Promise<string> => realpath(folder).catch(() => path.resolve(folder));
