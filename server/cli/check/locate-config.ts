import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { readConfig } from '../../engine/config/read-config';
import { contains } from '../../engine/files/confine';
import { isOfConfig } from '../../engine/report/check/staleness';
import { badInput, FinePruneError } from '../../protocol/errors';
import type { DefenseReport } from '../../protocol/report/report';
import type { Repository } from '../git';
import { insideOf } from './base/head';
import type { CheckContext, Target } from './context';
import { isSkipped } from './find';
import { CONFIG_FILE } from '../../protocol/files';

/** Folders and configs that are looked through at most: a report that lies elsewhere names none. */
const MOST_FOLDERS = 20_000;
const MOST_CONFIGS = 200;

/**
 * The config of a report that was written with `--out` and has none beside it: the one that `--config` names; else, below the
 * confining folder, the config of its name whose settings are those that the report was made from; else the only one of its name, of
 * which the check then says what has changed.
 * @returns absolute path; null for the one beside the report, whether it is there or not
 * @throws FinePruneError `check.severalConfigs`
 */
export async function locateConfig(
  target: Target,
  report: DefenseReport,
  { cwd, repository, head, config }: Pick<CheckContext, 'cwd' | 'repository' | 'head' | 'config'>,
): Promise<string | null> {
  if (config !== null) return config;
  const name = CONFIG_FILE.named(target.name);
  if (await stat(path.join(target.folder, name)).catch(() => null)) return null;
  const { root } = target.allowed;
  // In a repository what git tracks is known without looking through every folder; a config that is not committed yet lies below the working folder.
  const tracked =
    repository && head
      ? [...head.files.values()].flatMap((file) =>
          file.id !== null && path.posix.basename(file.path) === name
            ? [path.join(repository.root, ...file.path.split('/'))]
            : [],
        )
      : [];
  const around = contains(root, cwd) ? cwd : root;
  const found = [...new Set([...tracked, ...(await namesBelow(around, name))])].filter(
    (file) => path.basename(file) === name && contains(root, file) && !isSkipped(path.relative(root, file)),
  );
  const candidates = found.slice(0, MOST_CONFIGS);
  const exact: string[] = [];
  for (const file of candidates) if (await isMadeFrom(file, report, target)) exact.push(file);
  const [first, ...others] = exact.length ? exact : candidates;
  if (first === undefined) return null;
  if (others.length === 0) return first;
  const listed = [first, ...others]
    .slice(0, 5)
    .map((file) => path.relative(root, file))
    .join(', ');
  throw badInput(
    'check.severalConfigs',
    `There is no ${name} beside this report, and several elsewhere could be its config: ${listed}${others.length > 4 ? ' …' : ''}.`,
    {
      file: target.shown,
      todo: 'Name the one with --config.',
    },
  );
}

/** Absolute path of the config that a command line names. @throws FinePruneError `cli.notFound` */
export async function namedConfig(named: string, cwd: string, repository: Repository | null): Promise<string> {
  const asked = path.resolve(cwd, named);
  const info = await stat(asked).catch(() => null);
  if (!info?.isFile())
    throw badInput('cli.notFound', `There is no config ${named}.`, {
      file: asked,
      todo: `Name a defense config (${CONFIG_FILE.pattern}).`,
    });
  // As with reports: in the repository, no link on the way is followed.
  const inside = repository && (await insideOf(repository, asked));
  return repository && inside !== null
    ? path.join(repository.root, ...inside.split('/'))
    : path.join(await realpath(path.dirname(asked)), path.basename(asked));
}

/** Whether a report was made from a config, by its hash. One that can't be read is not the one. */
async function isMadeFrom(file: string, report: DefenseReport, { allowed }: Target): Promise<boolean> {
  try {
    return isOfConfig(report, (await readConfig(file, { root: allowed.root, allowedFolders: allowed.folders })).config);
  } catch (error) {
    if (error instanceof FinePruneError) return false;
    throw error;
  }
}

/** Files of a name below a folder, breadth first, without following links. */
async function namesBelow(folder: string, name: string): Promise<string[]> {
  const found: string[] = [];
  const waiting = [folder];
  for (let looked = 0; looked < MOST_FOLDERS && waiting.length > 0; looked++) {
    const at = waiting.shift()!;
    for (const entry of await readdir(at, { withFileTypes: true }).catch(() => [])) {
      if (entry.isDirectory() && !isSkipped(entry.name)) waiting.push(path.join(at, entry.name));
      else if (entry.isFile() && entry.name === name) found.push(path.join(at, entry.name));
    }
  }
  return found;
}
