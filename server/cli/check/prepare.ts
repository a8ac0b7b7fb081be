import { today } from '../../protocol/day';
import { badInput } from '../../protocol/errors';
import type { CheckLevel } from '../../protocol/report/review';
import type { EngineEvent } from '../../protocol/messages/engine';
import { Repository } from '../git';
import { openBase } from './base/base';
import type { CheckContext, Target } from './context';
import { deletedReports, findReports } from './find';
import { namedConfig } from './locate-config';
import { withMoves } from './base/moved';
import { openPolicy } from './policy';
import { CONFIG_FILE, REPORT_FILE } from '../../protocol/files';

export interface CheckRequest {
  cwd: string;
  level: CheckLevel;
  base: string | undefined;
  policy: string | undefined;
  /** The config of the one report that is named. */
  config?: string | undefined;
  allowed: string[];
  backend: 'auto' | 'native' | 'wasm';
  signal: AbortSignal;
  onEvent(event: EngineEvent): void;
}

/**
 * Repository, base revision and policy, and the reports to check.
 * @throws FinePruneError of kind `input` for what the command line names and is not there, `check.noReports` when nothing is
 */
export async function prepare(
  named: readonly string[],
  request: CheckRequest,
): Promise<{ context: CheckContext; targets: Target[]; deleted: string[] }> {
  const { cwd, level, allowed, backend, signal, onEvent } = request;
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
  const base = request.base === undefined ? null : await openBase(repository!, request.base);
  const policy = request.policy === undefined ? null : await openPolicy(request.policy, { cwd, repository, base });
  const context: CheckContext = {
    cwd,
    repository,
    base,
    policy,
    allowed,
    config: request.config === undefined ? null : await namedConfig(request.config, cwd),
    level,
    backend,
    today: today(),
    signal,
    onEvent,
  };
  const gone = deletedReports(context);
  // One that git still tracks and nobody has is deleted, not broken.
  const present = (await findReports(named, context)).filter(
    ({ file }) => !gone.includes(repository?.relative(file) ?? ''),
  );
  const targets = await withMoves(present, gone, context);
  const moved = new Set(targets.map(({ movedFrom }) => movedFrom));
  const deleted = named.length ? [] : gone.filter((file) => !moved.has(file));
  if (targets.length + deleted.length === 0) {
    throw badInput('check.noReports', `There is no defense report (${REPORT_FILE.pattern}) below this folder.`, {
      file: cwd,
      todo: 'Create one with `fine-prune run`, or name it.',
    });
  }
  return { context, targets, deleted };
}
