import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { contains } from '../../engine/files/confine';
import { badInput } from '../../protocol/errors';
import { insideOf } from './base/head';
import type { CheckContext, Target } from './context';
import { REPORT_FILE } from '../../protocol/files';

/** Folders that hold other people's files, or none at all. */
const SKIPPED = new Set(['node_modules', '.git']);

/**
 * The reports that arguments name, or all below the working folder that are present or that git tracks. A tracked one that is
 * missing is found too: its check says so.
 * @throws FinePruneError `cli.notFound` for an argument that is no file, `check.noReports` when there are none
 */
export async function findReports(
  named: readonly string[],
  context: Pick<CheckContext, 'cwd' | 'repository' | 'allowed' | 'head'>,
): Promise<Target[]> {
  const { cwd, repository, head } = context;
  if (named.length) return Promise.all(named.map((one) => namedTarget(one, context)));
  const present = await below(cwd);
  const tracked =
    repository && head
      ? [...head.files.values()]
          .filter((one) => one.id !== null && REPORT_FILE.is(one.path))
          .map((one) => path.join(repository.root, ...one.path.split('/')))
          .filter((one) => contains(cwd, one) && !isSkipped(path.relative(cwd, one)))
      : [];
  return [...new Set([...present, ...tracked])].sort().map((file) => targetOf(file, context));
}

export function targetOf(
  file: string,
  { cwd, repository, allowed }: Pick<CheckContext, 'cwd' | 'repository' | 'allowed'>,
): Target {
  const folder = path.dirname(file);
  const root = repository && contains(repository.root, file) ? repository.root : contains(cwd, file) ? cwd : folder;
  const shown = contains(cwd, file) ? path.relative(cwd, file).split(path.sep).join('/') : file;
  return {
    file,
    shown,
    folder,
    name: path.basename(file).slice(0, -REPORT_FILE.ending.length),
    movedFrom: null,
    rivals: [],
    config: null,
    allowed: { root, folders: allowed },
  };
}

async function namedTarget(
  one: string,
  context: Pick<CheckContext, 'cwd' | 'repository' | 'allowed'>,
): Promise<Target> {
  const { cwd, repository } = context;
  const asked = path.resolve(cwd, one);
  const info = await stat(asked).catch(() => null);
  if (!info?.isFile())
    throw badInput('cli.notFound', `There is no report ${one}.`, {
      file: asked,
      todo: `Name a report (${REPORT_FILE.pattern}), or none to check all reports below the working folder.`,
    });
  if (!REPORT_FILE.is(asked))
    throw badInput('cli.notAReport', `${path.basename(asked)} is not named like a report.`, {
      file: asked,
      todo: `Name a report (${REPORT_FILE.pattern}).`,
    });
  // In the repository it is the one of that name, and refused if a link lies on the way to it: the base has other terms for what that leads to.
  const inside = repository && (await insideOf(repository, asked));
  if (repository && inside !== null) return targetOf(path.join(repository.root, ...inside.split('/')), context);
  return targetOf(path.join(await realpath(path.dirname(asked)), path.basename(asked)), context);
}

async function below(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found = await Promise.all(
    entries.map(async (entry) => {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : below(full);
      return REPORT_FILE.is(entry.name) && (entry.isFile() || entry.isSymbolicLink()) ? [full] : [];
    }),
  );
  return found.flat();
}

export function isSkipped(file: string): boolean {
  return file.split(/[\\/]/).some((part) => SKIPPED.has(part));
}
