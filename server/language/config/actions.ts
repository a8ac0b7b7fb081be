import { CodeActionKind, type CodeAction, type Diagnostic } from 'vscode-languageserver-types';
import { fixesOf } from '../text/problem';

/** Quick fixes of the diagnostics at a place, in the order in which their fixes were found; the first is preferred. */
export function configActions(uri: string, diagnostics: readonly Diagnostic[]): CodeAction[] {
  return diagnostics.flatMap((diagnostic) => {
    const fixes = fixesOf(diagnostic);
    return fixes.map((fix, index) => ({
      title: fix.title,
      kind: CodeActionKind.QuickFix,
      diagnostics: [diagnostic],
      isPreferred: index === 0,
      edit: { changes: { [uri]: [{ range: fix.range, newText: fix.newText }] } },
    }));
  });
}
