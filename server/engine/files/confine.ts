import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { badInput } from '../../protocol/errors';
import { contains as containsBy } from '../../protocol/paths';

/** Folders that paths from a file may lead into: the workspace, and data folders that the person allowed. Absolute. */
export interface AllowedFolders {
  readonly root: string;
  readonly folders: readonly string[];
}

/**
 * Absolute path, free of symbolic links, of a path that some file names. Nothing has to exist there; what does exist of it
 * decides, so that neither `..` nor a symbolic link leads out.
 *
 * @param base absolute folder that `relative` starts from
 * @param what what the path names, for messages, such as `training images`
 * @throws FinePruneError `path.outside` when it leaves `allowed`, `path.invalid` when it is no path at all
 */
export async function confinedPath(
  base: string,
  relative: string,
  allowed: AllowedFolders,
  what: string,
): Promise<string> {
  if (relative.trim() === '' || relative.includes('\0')) {
    throw badInput('path.invalid', `The path of the ${what} is ${relative === '' ? 'empty' : 'not a file name'}.`, {
      todo: 'Write the path of a file, relative to the config.',
    });
  }
  const target = await realLocation(path.resolve(base, relative), what);
  for (const folder of [allowed.root, ...allowed.folders]) {
    if (contains(await realFolder(folder), target)) return target;
  }
  throw badInput('path.outside', `The path of the ${what}, "${relative}", is outside the folders that may be read.`, {
    file: target,
    todo: `Move the file into ${allowed.root}, or add its folder to the setting \`finePrune.dataFolders\` (command line: \`--allow DIR\`).`,
  });
}

/** Whether `target` is `folder` or lies below it. Both absolute and free of links. */
export const contains = (folder: string, target: string): boolean => containsBy(path, folder, target);

/** The nearest part that exists, resolved, with the missing rest appended. */
export async function realLocation(absolute: string, what: string): Promise<string> {
  const missing: string[] = [];
  for (let part = absolute; ; part = path.dirname(part)) {
    try {
      return path.join(await realpath(part), ...missing);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      const dangling =
        code === 'ENOENT' &&
        (await lstat(part).then(
          () => true,
          () => false,
        ));
      if (dangling || (code !== 'ENOENT' && code !== 'ENOTDIR') || part === path.dirname(part)) {
        throw badInput(
          'path.invalid',
          `The path of the ${what} can't be followed (${dangling ? 'a broken symbolic link' : code}).`,
          {
            file: part,
            todo: 'Repair the link, the folder or its permissions.',
          },
        );
      }
      missing.unshift(path.basename(part));
    }
  }
}

async function realFolder(folder: string): Promise<string> {
  const absolute = path.resolve(folder);
  return realpath(absolute).catch(() => absolute);
}
