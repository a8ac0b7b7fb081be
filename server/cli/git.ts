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
  'core.excludesFile=/dev/null',
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

/** A file, link or submodule of the working folder, as git knows it. */
export interface HeadFile {
  /** Path from the repository's root, with `/`. */
  readonly path: string;
  readonly kind: 'file' | 'link' | 'submodule';
  /** Object id of the content that git tracks; null for what is not tracked yet. */
  readonly id: string | null;
  /** Whether a sparse checkout leaves it out of the working folder. */
  readonly sparse: boolean;
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

  /** All files and submodules of a commit; links are neither. @param commit what `commit` gave */
  async files(commit: string): Promise<{ files: TreeFile[]; submodules: TreeFile[] }> {
    const listed = await git(this.root, ['ls-tree', '-r', '-z', '--full-tree', commit], MAX_NAMES_BYTES);
    const entries = listed.toString('utf8').split('\0');
    const like = (pattern: RegExp): TreeFile[] =>
      entries.flatMap((entry) => {
        const found = pattern.exec(entry);
        return found ? [{ id: found[1]!, path: found[2]! }] : [];
      });
    return {
      files: like(/^100\d{3} blob ([0-9a-f]{40,64})\t([\s\S]+)$/),
      submodules: like(/^160000 commit ([0-9a-f]{40,64})\t([\s\S]+)$/),
    };
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

  /** What git tracks in the working folder, and what is new there and not ignored. */
  async head(): Promise<HeadFile[]> {
    const listed = await git(
      this.root,
      ['ls-files', '-z', '-s', '-t', '--full-name', '--cached', '--others', '--exclude-standard'],
      MAX_NAMES_BYTES,
    );
    const found = new Map<string, HeadFile>();
    for (const entry of listed.toString('utf8').split('\0')) {
      const tracked = /^([A-Z]) (\d{6}) ([0-9a-f]{40,64}) \d\t([\s\S]+)$/.exec(entry);
      if (tracked) {
        const [, tag, mode, id, file] = tracked as unknown as [string, string, string, string, string];
        const sparse = tag === 'S';
        const kind = mode === '120000' ? 'link' : mode === '160000' ? 'submodule' : 'file';
        found.set(file, { path: file, kind, id, sparse });
      } else if (entry.startsWith('? ') && !entry.endsWith('/')) {
        found.set(entry.slice(2), { path: entry.slice(2), kind: 'file', id: null, sparse: false });
      }
    }
    return [...found.values()];
  }

  /**
   * Content of a blob, without filters or conversions.
   * @param most largest size in bytes that is read
   * @throws FinePruneError `git.tooLarge`, `git.missingObject` for one that is not in this clone
   */
  async read(id: string, most: number): Promise<Buffer> {
    const told = await git(this.root, ['cat-file', '-s', id], 1 << 12).catch(() => null);
    if (told === null)
      throw badInput('git.missingObject', `The object ${id.slice(0, 12)} is not in this clone.`, {
        file: this.root,
        todo: 'Fetch it: a clone with `--filter` leaves out contents that a check needs (`filter` of actions/checkout).',
      });
    const size = Number(told.toString('latin1').trim());
    if (!(size <= most))
      throw badInput('git.tooLarge', `The object ${id.slice(0, 12)} has ${size} bytes; at most ${most} are read.`, {
        file: this.root,
      });
    return git(this.root, ['cat-file', 'blob', id], most + 1);
  }

  /**
   * Contents of several blobs, read by two processes of git instead of two for each.
   * @param most bytes of a blob that are read at most
   * @param together bytes of all of them that are read at most; what comes after is left out
   * @returns by object id, without those that are too large or not here
   */
  async readAll(ids: readonly string[], most: number, together: number): Promise<Map<string, Buffer>> {
    const found = new Map<string, Buffer>();
    if (ids.length === 0) return found;
    const ask = (wanted: readonly string[]): string => `${[...new Set(wanted)].join('\n')}\n`;
    const sizes = await git(this.root, ['cat-file', '--batch-check'], MAX_NAMES_BYTES, ask(ids));
    let total = 0;
    const wanted = sizes
      .toString('latin1')
      .split('\n')
      .flatMap((line) => {
        const [, id, size] = /^([0-9a-f]+) blob (\d+)$/.exec(line) ?? [];
        if (id === undefined || Number(size) > most || total + Number(size) > together) return [];
        total += Number(size);
        return [id];
      });
    if (wanted.length === 0) return found;
    const bytes = await git(this.root, ['cat-file', '--batch'], total + wanted.length * 128, ask(wanted));
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(0x0a, at);
      const [id, , size] = bytes.toString('latin1', at, end).split(' ');
      const begin = end + 1;
      at = begin + Number(size) + 1;
      found.set(id!, bytes.subarray(begin, at - 1));
    }
    return found;
  }

  /** Path from the root, with `/`, as git writes it. @param file absolute, links followed */
  relative(file: string): string {
    return path.relative(this.root, file).split(path.sep).join('/');
  }
}

function git(cwd: string, args: readonly string[], maxBuffer: number, input?: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      'git',
      [...SAFE, ...args],
      { cwd, env: environment(), maxBuffer, encoding: 'buffer', windowsHide: true },
      (error, stdout) => {
        // An ExecFileException is an Error; its text may hold the arguments, which the caller's own message replaces.
        if (error) reject(new Error(`git ${args[0]} failed: ${error.message}`, { cause: error }));
        else resolve(stdout);
      },
    );
    if (input === undefined) return;
    // One that ends early says so by its exit code.
    child.stdin!.on('error', () => undefined);
    child.stdin!.end(input);
  });
}

/** The environment without git's own variables, which could point to another repository or name programs to run. */
function environment(): NodeJS.ProcessEnv {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^GIT_/i.test(name)));
  return { ...env, GIT_TERMINAL_PROMPT: '0', GIT_NO_LAZY_FETCH: '1', GIT_ATTR_NOSYSTEM: '1', LC_ALL: 'C' };
}
