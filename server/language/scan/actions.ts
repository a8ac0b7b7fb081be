import { CodeActionKind, type CodeAction, type Diagnostic, type TextEdit } from 'vscode-languageserver-types';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { COMMANDS, type InspectTarget } from '../../protocol/messages/lsp';
import { withRepair, type RepairChoice } from '../config/edits';
import { changedPart } from '../text/json-edits';
import { SOURCE } from '../text/problem';
import { SUSPICIOUS } from './diagnostics';

/** What the quick fixes of a suspicious class work on. */
export interface ScanFixes {
  /** The config that names the model, as it stands; undefined where there is none. */
  config: TextDocument | undefined;
  /** URI of the model or config. */
  subject: string;
  /** Where the inspector opens. */
  inspect: InspectTarget;
}

const FIXES: readonly { title: string; choice: RepairChoice }[] = [
  { title: 'Use the estimated trigger', choice: { trigger: 'inverted' } },
  { title: 'Repair with the guided strategy', choice: { strategy: 'guided' } },
  { title: 'Try all repairs, one after the other', choice: { strategy: 'auto' } },
];

/** What a person can do about a suspicious class: each change of the config is one edit, which undo takes back. */
export function scanActions(diagnostics: readonly Diagnostic[], { config, subject, inspect }: ScanFixes): CodeAction[] {
  const ours = diagnostics.filter(({ source, code }) => source === SOURCE && code === SUSPICIOUS);
  if (ours.length === 0) return [];
  const kind = CodeActionKind.QuickFix;
  const edits = config
    ? FIXES.flatMap(({ title, choice }): CodeAction[] => {
        const change = editFor(config, choice);
        return change ? [{ title, kind, diagnostics: ours, edit: { changes: { [config.uri]: [change] } } }] : [];
      })
    : [];
  const command = (title: string, id: string, ...args: unknown[]): CodeAction => ({
    title,
    kind,
    diagnostics: ours,
    command: { title, command: id, arguments: args },
  });
  return [
    ...edits,
    ...(config ? [] : [command('Repair …', COMMANDS.repair, subject)]),
    command('Inspect neurons', COMMANDS.inspect, config?.uri ?? subject, inspect),
  ];
}

/** Undefined where the config says so already, or is broken. */
function editFor(config: TextDocument, choice: RepairChoice): TextEdit | undefined {
  const before = config.getText();
  let after: string;
  try {
    after = withRepair(before, choice).text;
  } catch {
    return undefined;
  }
  if (after === before) return undefined;
  const { start, end, text } = changedPart(before, after);
  return { range: { start: config.positionAt(start), end: config.positionAt(end) }, newText: text };
}
