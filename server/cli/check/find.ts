import { existsSync, realpathSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { contains } from '../../engine/files/confine';
import { badInput } from '../../protocol/errors';
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
  context: Pick<CheckContext, 'cwd' | 'repository' | 'allowed' | 'base'>,
): Promise<Target[]> {
  const { cwd, repository } = context;
  if (named.length) return Promise.all(named.map((one) => namedTarget(one, context)));
  const present = await below(cwd);
  const tracked = repository
    ? (await repository.tracked(cwd))
        .map((one) => path.join(repository.root, one))
        .filter((one) => REPORT_FILE.is(one) && !isSkipped(path.relative(cwd, one)))
    : [];
  return [...new Set([...present, ...tracked])].sort().map((file) => targetOf(file, context));
}

/** Reports of the base revision below the working folder that are here no more, as paths from the repository's root. */
export function deletedReports({ base, repository, cwd }: Pick<CheckContext, 'cwd' | 'repository' | 'base'>): string[] {
  if (!base || !repository) return [];
  const prefix = repository.relative(cwd);
  const below = (file: string): boolean => prefix === '' || file.startsWith(`${prefix}/`);
  return [...base.files.keys()]
    .filter(
      (file) => REPORT_FILE.is(file) && below(file) && !isSkipped(file) && !isHere(path.join(repository.root, file)),
    )
    .sort();
}

/** Whether a file lies where its path says, and not behind a link: what a link leads to is not looked through, so it would be a hiding place. */
function isHere(file: string): boolean {
  try {
    return existsSync(file) && realpathSync(path.dirname(file)) === path.dirname(file);
  } catch {
    return false;
  }
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
    config: null,
    allowed: { root, folders: allowed },
  };
}

async function namedTarget(
  one: string,
  context: Pick<CheckContext, 'cwd' | 'repository' | 'allowed'>,
): Promise<Target> {
  const asked = path.resolve(context.cwd, one);
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
  // The folder's real path, so that it compares with git's; a report that is a link itself is refused when it is read.
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
