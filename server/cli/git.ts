import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { badInput } from '../protocol/errors';

/**
 * Settings that a repository could use to make git run something, reach the network or answer differently. The repository under
 * review is somebody else's; what is read here is blobs and names.
 */
const SAFE = [
  '--no-pager',
  '--no-optional-locks',
  '--literal-pathspecs',
  '--no-replace-objects',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.attributesFile=/dev/null',
  '-c',
  'core.untrackedCache=false',
  '-c',
  'protocol.allow=never',
  '-c',
  'diff.external=',
  '-c',
  'submodule.recurse=false',
  '-c',
  'core.quotePath=false',
  '-c',
  'log.showSignature=false',
];

const MAX_NAMES_BYTES = 256 * 2 ** 20;

/** A file of a revision. */
export interface TreeFile {
  /** Path from the repository's root, with `/`. */
  path: string;
  /** Object id of its content. */
  id: string;
}

/** Reads a git repository: names and contents, never anything that runs a filter, a hook or a driver. */
export class Repository {
  private constructor(
    /** Absolute root of the working folder, links followed. */
    readonly root: string,
  ) {}

  /** The repository that a folder belongs to; null when it belongs to none, or there is no git. */
  static async of(folder: string): Promise<Repository | null> {
    const top = await git(folder, ['rev-parse', '--show-toplevel'], 1 << 16).catch(() => null);
    return top === null ? null : new Repository(await realpath(top.toString('utf8').replace(/\r?\n$/, '')));
  }

  /**
   * Object id of the commit that a person names.
   * @throws FinePruneError `git.ref` when there is none of that name
   */
  async commit(ref: string): Promise<string> {
    const found = ref.includes('\0')
      ? null
      : await git(
          this.root,
          ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`],
          1 << 12,
        ).catch(() => null);
    const id = found?.toString('latin1').trim() ?? '';
    if (/^[0-9a-f]{40,64}$/.test(id)) return id;
    throw badInput('git.ref', `There is no commit "${ref.slice(0, 200)}" in this repository.`, {
      file: this.root,
      todo: 'Name a branch, a tag or a commit that is here; a shallow clone may lack it (`git fetch --depth=2`, or `fetch-depth: 2` for actions/checkout).',
    });
  }

  /** All files of a commit. @param commit what `commit` gave */
  async files(commit: string): Promise<TreeFile[]> {
    const listed = await git(this.root, ['ls-tree', '-r', '-z', '--full-tree', commit], MAX_NAMES_BYTES);
    return listed
      .toString('utf8')
      .split('\0')
      .flatMap((entry): TreeFile[] => {
        const found = /^100\d{3} blob ([0-9a-f]{40,64})\t([\s\S]+)$/.exec(entry);
        return found ? [{ id: found[1]!, path: found[2]! }] : [];
      });
  }

  /** Paths of the files that git tracks below a folder, from the repository's root. */
  async tracked(folder: string): Promise<string[]> {
    const listed = await git(
      this.root,
      ['ls-files', '-z', '--full-name', '--cached', '--', this.relative(folder) || '.'],
      MAX_NAMES_BYTES,
    );
    return [...new Set(listed.toString('utf8').split('\0').filter(Boolean))];
  }

  /**
   * Content of a blob, without filters or conversions.
   * @param most largest size in bytes that is read
   * @throws FinePruneError `git.tooLarge`
   */
  async read(id: string, most: number): Promise<Buffer> {
    const size = Number((await git(this.root, ['cat-file', '-s', id], 1 << 12)).toString('latin1').trim());
    if (!(size <= most))
      throw badInput('git.tooLarge', `The object ${id.slice(0, 12)} has ${size} bytes; at most ${most} are read.`, {
        file: this.root,
      });
    return git(this.root, ['cat-file', 'blob', id], most + 1);
  }

  /** Path from the root, with `/`, as git writes it. @param file absolute, links followed */
  relative(file: string): string {
    return path.relative(this.root, file).split(path.sep).join('/');
  }
}

function git(cwd: string, args: readonly string[], maxBuffer: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      [...SAFE, ...args],
      { cwd, env: environment(), maxBuffer, encoding: 'buffer', windowsHide: true },
      (error, stdout) => {
        // An ExecFileException is an Error; its text may hold the arguments, which the caller's own message replaces.
        if (error) reject(new Error(`git ${args[0]} failed: ${error.message}`, { cause: error }));
        else resolve(stdout);
      },
    );
  });
}

/** The environment without git's own variables, which could point to another repository or name programs to run. */
function environment(): NodeJS.ProcessEnv {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^GIT_/i.test(name)));
  return { ...env, GIT_TERMINAL_PROMPT: '0', GIT_NO_LAZY_FETCH: '1', GIT_ATTR_NOSYSTEM: '1', LC_ALL: 'C' };
}
