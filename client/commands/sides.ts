import * as vscode from 'vscode';
import type { ComparedSide } from '../../server/protocol/messages/compare-view';
import { atHead, atMergeBase, atRevision, atWork, labelOf } from '../git/revisions';
import { toUri } from '../ui/open';
import { pickFile } from './pick';

/** What is compared: two sides, or one file whose other side is still to be chosen. */
export type Given = { base: ComparedSide; head: ComparedSide } | { file: vscode.Uri };

/** What kind of files a command compares. */
export interface Kind {
  is(uri: vscode.Uri): boolean;
  /** Finds them in the workspace. */
  glob: string;
  /** Endings without their dot, for dialogs. */
  extensions: string[];
  /** What one is called, for questions. */
  noun: string;
}

/** Reads the arguments of a menu, a lens or nothing. The resource states of the SCM view and a diff editor name both sides. */
export async function given({ is }: Kind, first: unknown, second: unknown): Promise<Given | undefined> {
  const state = resourceOf(first);
  if (state) return is(state) ? { base: await atHead(state), head: atWork(state) } : { file: state };
  const file = toUri(first);
  if (Array.isArray(second)) {
    const [one, other, ...more] = second.flatMap((uri) => toUri(uri) ?? []);
    if (one && other && more.length === 0) return { base: sideOf(one), head: sideOf(other) };
  } else if (file && (typeof second === 'string' || second instanceof vscode.Uri))
    return { base: sideOf(toUri(second) ?? file), head: sideOf(file) };
  // A lens names its file as text; from the title of a diff editor comes the URI of one side, from the palette nothing.
  const diff = typeof first === 'string' || Array.isArray(second) ? undefined : activeDiff(file);
  if (diff && is(diff.original) && is(diff.modified))
    return { base: sideOf(diff.original), head: sideOf(diff.modified) };
  return file && { file };
}

/** Asks what a file is compared with; undefined when the person has changed their mind. @throws FinePruneError where git can't give it */
export async function askOther(
  kind: Kind,
  file: vscode.Uri,
): Promise<{ base: ComparedSide; head: ComparedSide } | undefined> {
  const title = `Fine-Prune: compare ${vscode.workspace.asRelativePath(file)} with …`;
  const head = sideOf(file);
  const chosen = await vscode.window.showQuickPick<
    vscode.QuickPickItem & { base: () => Promise<ComparedSide | undefined> }
  >(
    [
      ...(file.scheme === 'file'
        ? [
            {
              label: 'HEAD',
              description: 'the last commit',
              iconPath: new vscode.ThemeIcon('git-commit'),
              base: () => atHead(file),
            },
            {
              label: 'Merge base of this branch',
              description: 'where it branched off',
              iconPath: new vscode.ThemeIcon('git-merge'),
              base: () => atMergeBase(file),
            },
            {
              label: 'Another revision …',
              iconPath: new vscode.ThemeIcon('git-branch'),
              base: () => askRevision(file, title),
            },
          ]
        : []),
      {
        label: 'Another file …',
        iconPath: new vscode.ThemeIcon('file'),
        base: async () => {
          const other = await pickFile(kind.glob, title, { [kind.noun]: kind.extensions });
          return other && sideOf(other);
        },
      },
    ],
    { title },
  );
  const base = await chosen?.base();
  if (!base) return undefined;
  return {
    base,
    head: file.scheme === 'file' && vscode.Uri.parse(base.uri, true).scheme !== 'file' ? atWork(file) : head,
  };
}

async function askRevision(file: vscode.Uri, title: string): Promise<ComparedSide | undefined> {
  const revision = await vscode.window.showInputBox({
    title,
    prompt: 'A branch, a tag or a commit',
    validateInput: (text) =>
      /^[^-\s][^\s]*$/.test(text.trim()) ? undefined : 'One word, such as main, v1.0 or 3f2a91c.',
  });
  return revision === undefined ? undefined : await atRevision(file, revision.trim());
}

const sideOf = (uri: vscode.Uri): ComparedSide => ({ uri: uri.toString(), label: labelOf(uri) });

/** The file of an entry in the Source Control view. */
function resourceOf(value: unknown): vscode.Uri | undefined {
  if (typeof value !== 'object' || value === null || value instanceof vscode.Uri) return undefined;
  const { resourceUri } = value as Partial<vscode.SourceControlResourceState>;
  return resourceUri instanceof vscode.Uri ? resourceUri : undefined;
}

/** The diff editor in front, when it is of the file that is meant. */
function activeDiff(file: vscode.Uri | undefined): vscode.TabInputTextDiff | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (!(input instanceof vscode.TabInputTextDiff)) return undefined;
  const key = file?.toString();
  return key === undefined || key === input.modified.toString() || key === input.original.toString()
    ? input
    : undefined;
}
