import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { today } from '../../protocol/day';
import { badInput } from '../../protocol/errors';
import type { CheckLevel } from '../../protocol/report/review';
import type { EngineEvent } from '../../protocol/messages/engine';
import type { Cancellable } from '../cancellation';
import { Repository } from '../git';
import { openBase } from './base/base';
import { goneReports } from './base/deleted';
import { insideOf, openHead } from './base/head';
import { withHeirs, type Gone } from './base/heirs';
import type { CheckContext, Target } from './context';
import { findReports } from './find';
import { namedConfig } from './locate-config';
import { openPolicy } from './policy';
import { CONFIG_FILE, REPORT_FILE } from '../../protocol/files';

export interface CheckRequest {
  cwd: string;
  level: CheckLevel;
  base: string | undefined;
  policy: string | undefined;
  /** Of which models a report is required, beside those that the policy names. */
  required?: 'changed' | 'all' | undefined;
  /** The config of the one report that is named. */
  config?: string | undefined;
  allowed: string[];
  backend: 'auto' | 'native' | 'wasm';
  cancellable: Cancellable;
  onEvent(event: EngineEvent): void;
}

/**
 * Repository, base revision and policy, and the reports to check.
 * @throws FinePruneError of kind `input` for what the command line names and is not there, `check.noReports` when nothing is
 */
export async function prepare(
  named: readonly string[],
  request: CheckRequest,
): Promise<{ context: CheckContext; targets: Target[]; orphans: Gone[] }> {
  const { cwd, level, allowed, backend, cancellable, onEvent } = request;
  if (request.config !== undefined && named.length !== 1)
    throw badInput('cli.usage', '--config applies to a single report, which must be named.', {
      todo: `Name the report, as in \`fine-prune check out/${REPORT_FILE.named('x')} --config ${CONFIG_FILE.named('x')}\`.`,
    });
  const repository = await Repository.of(cwd);
  if (request.base !== undefined && !repository)
    throw badInput('git.none', 'This folder is not in a git repository, so there is no base revision.', {
      file: cwd,
      todo: 'Leave out --base, or run the check in the repository. Git also refuses a repository that belongs to another user, unless safe.directory lists it.',
    });
  if (request.required === 'changed' && request.base === undefined)
    throw badInput('cli.usage', 'What a change brings is known only against a base revision.', {
      todo: 'Add `--base REF`, or write `--require-reports all`.',
    });
  await refuseLinkedFolder(cwd, repository);
  const head = repository && (await openHead(repository));
  const base = request.base === undefined ? null : await openBase(repository!, request.base, repository!.relative(cwd));
  const policy = request.policy === undefined ? null : await openPolicy(request.policy, { cwd, repository, base });
  const context: CheckContext = {
    cwd,
    repository,
    base,
    head,
    policy,
    required: request.required ?? null,
    allowed,
    config: request.config === undefined ? null : await namedConfig(request.config, cwd, repository),
    level,
    backend,
    today: today(),
    cancellable,
    onEvent,
  };
  const gone = await goneReports(context);
  const present: Target[] = [];
  for (const target of await findReports(named, context)) {
    // One that git still tracks and nobody has is deleted, not broken. A link in its place is refused by its name.
    const isGone = !named.length && gone.includes(repository?.relative(target.file) ?? '');
    if (!isGone || (await lstat(target.file).catch(() => null))?.isSymbolicLink()) present.push(target);
  }
  const { targets, orphans } = await withHeirs(present, gone, context);
  // With names, what they leave out is not looked at, and said to be so.
  const deleted = named.length ? [] : orphans;
  const requires = context.required !== null || (policy?.text.requireReports ?? []).length > 0;
  if (targets.length + deleted.length === 0 && !requires) {
    throw badInput('check.noReports', `There is no defense report (${REPORT_FILE.pattern}) below this folder.`, {
      file: cwd,
      todo: 'Create one with `fine-prune run`, or name it.',
    });
  }
  return { context, targets, orphans: deleted };
}

/**
 * Refuses a working folder that was entered by a link in the repository, as a change may put there: its reports would be those of another
 * folder.
 */
async function refuseLinkedFolder(cwd: string, repository: Repository | null): Promise<void> {
  // A shell says by which way it came; the process itself knows only where it is.
  const entered = process.env['PWD'];
  if (!repository || !entered || (await realpath(entered).catch(() => null)) !== cwd) return;
  const inside = await insideOf(repository, path.join(entered, '.'));
  if (inside === null || inside === '' || inside === repository.relative(cwd)) return;
  throw badInput('path.link', `The folder ${inside} lies behind a symbolic link of the repository.`, {
    file: entered,
    todo: `Run the check in ${repository.relative(cwd) || 'the root of the repository'} itself.`,
  });
}
