import * as vscode from 'vscode';
import { badInput } from '../../server/protocol/errors';
import type { ComparedSide } from '../../server/protocol/messages/compare-view';
import { repositoryOf, type GitRepository } from './api';

export const WORKING_TREE = 'working tree';
const SHORT = 8;

/** The file as it is at HEAD. @throws FinePruneError when there is no git or no commit */
export async function atHead(file: vscode.Uri): Promise<ComparedSide> {
  const { api, repository } = await repositoryOf(file);
  if (
    !(await repository.getCommit('HEAD').then(
      (found) => found,
      () => undefined,
    ))
  )
    throw badInput('git.noCommit', 'The repository has no commits yet, so there is nothing to compare with.', {
      file: file.fsPath,
      todo: 'Make a commit, or choose another file.',
    });
  return { uri: api.toGitUri(file, 'HEAD').toString(), label: 'HEAD' };
}

/** The file where this branch began. @throws FinePruneError when there is no git, or nothing that the branch began from */
export async function atMergeBase(file: vscode.Uri): Promise<ComparedSide> {
  const { api, repository } = await repositoryOf(file);
  for (const branch of await candidates(repository)) {
    const commit = await repository.getMergeBase(branch, 'HEAD').catch(() => undefined);
    if (commit)
      return {
        uri: api.toGitUri(file, commit).toString(),
        label: `merge base with ${branch} (${commit.slice(0, SHORT)})`,
      };
  }
  throw badInput('git.noMergeBase', 'Git does not know which branch this one started from.', {
    file: file.fsPath,
    todo: 'Fetch the branch it will be merged into, or enter a revision.',
  });
}

/** The file at a revision as a person writes it: a branch, a tag, a commit. @throws FinePruneError when there is no such commit */
export async function atRevision(file: vscode.Uri, revision: string): Promise<ComparedSide> {
  const { api, repository } = await repositoryOf(file);
  const commit = await repository.getCommit(revision).catch(() => undefined);
  if (!commit)
    throw badInput('git.noRevision', `The repository has no revision "${revision}".`, {
      file: file.fsPath,
      todo: 'Name a branch, a tag or a commit.',
    });
  const short = commit.hash.slice(0, SHORT);
  return {
    uri: api.toGitUri(file, commit.hash).toString(),
    label: revision === commit.hash ? short : `${revision} (${short})`,
  };
}

export const atWork = (file: vscode.Uri): ComparedSide => ({ uri: file.toString(), label: WORKING_TREE });

/** Branches that this one may have begun from, the likeliest first; never the branch itself. */
async function candidates(repository: GitRepository): Promise<string[]> {
  const { HEAD } = repository.state;
  const base =
    HEAD?.name === undefined ? undefined : await repository.getBranchBase?.(HEAD.name).catch(() => undefined);
  const known = base?.name === undefined ? [] : [base.remote === undefined ? base.name : `${base.remote}/${base.name}`];
  return [...new Set([...known, 'origin/HEAD', 'origin/main', 'origin/master', 'main', 'master'])].filter(
    (name) => name !== HEAD?.name,
  );
}

/** What people call the revision of a URI: `HEAD`, `index`, a commit's beginning; the scheme where that says more; a path for a file. */
export function labelOf(uri: vscode.Uri): string {
  if (uri.scheme === 'file') return vscode.workspace.asRelativePath(uri);
  const { ref, commit, isBase } = queryOf(uri) ?? {};
  if (typeof isBase === 'boolean') return isBase ? 'base of the pull request' : 'head of the pull request';
  const named = typeof ref === 'string' ? ref : commit;
  if (typeof named !== 'string') return uri.scheme;
  // What the Git extension writes for the index, and for what `git diff` takes as its left side.
  if (named === '' || named === '~') return 'index';
  return /^[0-9a-f]{40}$/.test(named) ? named.slice(0, SHORT) : named;
}

/**
 * Another file of the folder that a file is in, at the same revision. `git:`, and those schemes of pull-request extensions that
 * have the path in their query too, get it changed in both places.
 * @param relative with forward slashes
 */
export function besideUri(uri: vscode.Uri, relative: string): vscode.Uri {
  const beside = vscode.Uri.joinPath(uri, '..', relative);
  const query = queryOf(uri);
  if (!query) return beside;
  const base = uri.path.slice(uri.path.lastIndexOf('/') + 1);
  const moved = Object.fromEntries(
    Object.entries(query).map(([key, value]) => [
      key,
      typeof value === 'string' && PATH_KEYS.has(key) && value.endsWith(base)
        ? value.slice(0, -base.length) + relative
        : value,
    ]),
  );
  return beside.with({ query: JSON.stringify(moved) });
}

const PATH_KEYS = new Set(['path', 'fileName', 'filePath']);

function queryOf(uri: vscode.Uri): Record<string, unknown> | undefined {
  if (uri.scheme === 'file' || !uri.query.startsWith('{')) return undefined;
  try {
    return JSON.parse(uri.query) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
