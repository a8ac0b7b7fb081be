import { CodeActionKind, type CodeAction, type Diagnostic } from 'vscode-languageserver-types';
import { COMMANDS, type InspectTarget } from '../../protocol/messages/lsp';
import { SOURCE } from '../text/problem';

/** Where a diagnostic of a model leads, as it travels in its `data`. */
export interface InspectLink extends InspectTarget {
  /** What people read, such as `Inspect neuron 17`. */
  title: string;
}

/**
 * Ways from what a run says about a model to the units that it speaks of.
 * @param configUri the config that the figures belong to
 */
export function modelActions(configUri: string, diagnostics: readonly Diagnostic[]): CodeAction[] {
  return diagnostics.flatMap((diagnostic) => {
    const { title, layer, unit } = (diagnostic.data ?? {}) as Partial<InspectLink>;
    if (diagnostic.source !== SOURCE || typeof title !== 'string' || typeof layer !== 'string') return [];
    const target: InspectTarget = { layer, ...(typeof unit === 'number' && { unit }) };
    return [
      {
        title,
        kind: CodeActionKind.QuickFix,
        diagnostics: [diagnostic],
        command: { title, command: COMMANDS.inspect, arguments: [configUri, target] },
      },
    ];
  });
}
