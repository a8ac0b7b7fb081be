import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { contains } from '../../../engine/files/confine';
import type { HeadFile, Repository } from '../../git';

/** What the working folder has, as a commit of everything in it would: files that git tracks, and new ones that it does not ignore. */
export interface Head {
  /** By path from the repository's root. */
  readonly files: ReadonlyMap<string, HeadFile>;
}

/** Reads the names of the working folder once. */
export async function openHead(repository: Repository): Promise<Head> {
  return { files: new Map((await repository.head()).map((file) => [file.path, file])) };
}

/** Whether a path from the repository's root is a regular file, for git and in the working folder, with no link on the way to it. */
export async function isRegular(file: string, { files }: Head, { root }: Pick<Repository, 'root'>): Promise<boolean> {
  const entry = files.get(file);
  return entry?.kind === 'file' && (await notRegular(root, path.join(root, file))) === null;
}

/** Whether anything lies at a path from the repository's root, be it that a sparse checkout leaves it out. */
export async function isThere(file: string, { files }: Head, { root }: Pick<Repository, 'root'>): Promise<boolean> {
  const entry = files.get(file);
  return entry !== undefined && (entry.sparse || (await lstat(path.join(root, file)).catch(() => null)) !== null);
}

/**
 * Why a path is none of a regular file, as a sentence's end: `is missing`, `is a folder`, `lies behind the symbolic link models`.
 * @param root absolute folder from which on no link is followed
 * @returns null for a regular file
 */
export async function notRegular(root: string, file: string): Promise<string | null> {
  if (!contains(root, file)) return 'lies outside';
  const parts = path.relative(root, file).split(path.sep);
  for (let at = 1; at <= parts.length; at++) {
    const here = path.join(root, ...parts.slice(0, at));
    const info = await lstat(here).catch(() => null);
    if (info === null) return 'is missing';
    const last = at === parts.length;
    if (info.isSymbolicLink())
      return last ? 'is a symbolic link' : `lies behind the symbolic link ${parts.slice(0, at).join('/')}`;
    if (last) return info.isFile() ? null : info.isDirectory() ? 'is a folder' : 'is not a regular file';
  }
  return 'is a folder';
}

/**
 * Where a path of the command line lies in the repository, without following links below its root: what a change has put there must not
 * lead elsewhere.
 * @param asked absolute
 * @returns path from the root, with `/`; null for one outside
 */
export async function insideOf(repository: Repository, asked: string): Promise<string | null> {
  for (let part = path.dirname(asked); ; part = path.dirname(part)) {
    const real = await realpath(part).catch(() => null);
    if (real === repository.root) return path.relative(part, asked).split(path.sep).join('/');
    if (part === path.dirname(part)) return null;
  }
}
