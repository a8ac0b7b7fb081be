import * as vscode from 'vscode';
import { badInput } from '../../server/protocol/errors';

/** What is used of the API of VS Code's own Git extension, version 1 (extensions/git/src/api/git.d.ts in VS Code's source). */
export interface GitApi {
  readonly state: 'uninitialized' | 'initialized';
  readonly onDidChangeState: vscode.Event<'uninitialized' | 'initialized'>;
  toGitUri(uri: vscode.Uri, ref: string): vscode.Uri;
  getRepository(uri: vscode.Uri): GitRepository | null;
}

interface GitBranch {
  readonly name?: string;
  readonly remote?: string;
  readonly commit?: string;
}

export interface GitRepository {
  readonly rootUri: vscode.Uri;
  readonly state: {
    readonly HEAD?: GitBranch & { readonly upstream?: { readonly remote: string; readonly name: string } };
  };
  /** Looks again at the working tree, and at what HEAD is. */
  status(): Promise<void>;
  getCommit(ref: string): Promise<{ readonly hash: string }>;
  /** The best common ancestor of two commits. */
  getMergeBase(one: string, other: string): Promise<string | undefined>;
  /** The branch that a branch was made from, as far as git knows. Newer than the rest. */
  getBranchBase?(name: string): Promise<GitBranch | undefined>;
}

interface GitExtension {
  readonly enabled: boolean;
  getAPI(version: 1): GitApi;
}

const READY_MS = 10_000;

/** @throws FinePruneError `git.none` when VS Code's Git extension is missing or disabled, or finds no git */
export async function gitApi(): Promise<GitApi> {
  const extension = vscode.extensions.getExtension<GitExtension>('vscode.git');
  const git = await extension?.activate().then(
    (found) => found,
    () => undefined,
  );
  if (!git?.enabled)
    throw badInput('git.none', "Other revisions are read through VS Code's Git extension, which is not enabled here.", {
      todo: 'Install git, enable the Git extension and trust the workspace, or choose another file.',
    });
  const api = git.getAPI(1);
  await initialised(api);
  return api;
}

/** The repository that a file is in. @throws FinePruneError `git.none`, `git.noRepository` */
export async function repositoryOf(file: vscode.Uri): Promise<{ api: GitApi; repository: GitRepository }> {
  const api = await gitApi();
  const repository = api.getRepository(file);
  if (!repository)
    throw badInput(
      'git.noRepository',
      `${vscode.workspace.asRelativePath(file)} is not in a git repository that is open in VS Code.`,
      { file: file.fsPath, todo: "Open the repository's folder, or choose another file." },
    );
  // One that was opened just now has not looked at its HEAD yet.
  if (!repository.state.HEAD) await repository.status().catch(() => undefined);
  return { api, repository };
}

/** Repositories are looked for in the background; one that is not found by then is reported as missing. */
async function initialised(api: GitApi): Promise<void> {
  if (api.state === 'initialized') return;
  await new Promise<void>((resolve) => {
    const listening = api.onDidChangeState((state) => state === 'initialized' && done());
    const timer = setTimeout(done, READY_MS);
    function done(): void {
      clearTimeout(timer);
      listening.dispose();
      resolve();
    }
  });
}
