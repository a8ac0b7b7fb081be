import type { CodeAction, CodeLens, Diagnostic } from 'vscode-languageserver-types';
import { COMMANDS } from '../../protocol/messages/lsp';
import { topRange, type ConfigText } from '../text/config-text';
import { SOURCE } from '../text/problem';
import type { IssueData } from './diagnostics';
import { label } from '../../protocol/text/label';

/** Lenses at the top of a report: see it drawn, beside another one, or made again. */
export function reportLenses(text: ConfigText, configUri: string | undefined): CodeLens[] {
  const range = topRange(text);
  const { uri } = text.document;
  return [
    {
      range,
      command: {
        title: 'Open Report',
        tooltip: 'Show the verdict, figures, curve and findings as a page',
        command: COMMANDS.viewReport,
        arguments: [uri],
      },
    },
    {
      range,
      command: {
        title: 'Compare with …',
        tooltip: 'What got better or worse, and whether that is beyond noise',
        command: COMMANDS.compareReports,
        arguments: [uri],
      },
    },
    ...(configUri
      ? [
          {
            range,
            command: {
              title: 'Reproduce',
              tooltip: 'Run the defense again with the config beside it',
              command: COMMANDS.run,
              arguments: [configUri],
            },
          },
        ]
      : []),
  ];
}

/** A finding or missed gate may be accepted, with a reason. */
export function reportActions(uri: string, diagnostics: readonly Diagnostic[]): CodeAction[] {
  return diagnostics.flatMap((diagnostic) => {
    const issue = (diagnostic.data as Partial<IssueData> | undefined)?.issue;
    if (diagnostic.source !== SOURCE || typeof issue !== 'string') return [];
    const title = `Accept ${label(issue).replace(/^gate\./, 'the missed gate ')} with a reason …`;
    return [
      {
        title,
        kind: 'quickfix',
        diagnostics: [diagnostic],
        command: { title, command: COMMANDS.acceptFinding, arguments: [uri, issue] },
      },
    ];
  });
}
