import type { Diagnostic, DiagnosticSeverity, Range } from 'vscode-languageserver-types';

/** Name under which every diagnostic of ours appears in the Problems panel. */
export const SOURCE = 'Fine-Prune';

export const SEVERITY = { error: 1, warning: 2, information: 3, hint: 4 } as const satisfies Record<
  string,
  DiagnosticSeverity
>;
export type SeverityWord = keyof typeof SEVERITY;

/** A change of the text that would end a fault, as it travels in a diagnostic's `data`. */
export interface Fix {
  title: string;
  range: Range;
  newText: string;
}

/** One fault. `code` is a stable word for tests and quick fixes. */
export function problem(
  code: string,
  severity: SeverityWord,
  range: Range,
  message: string,
  fixes: Fix[] = [],
): Diagnostic {
  return {
    source: SOURCE,
    code,
    severity: SEVERITY[severity],
    range,
    message,
    ...(fixes.length && { data: { fixes } }),
  };
}

/** The fixes that a diagnostic carries; none when it is not ours or has lost its data on the way. */
export function fixesOf(diagnostic: Diagnostic): Fix[] {
  const data = diagnostic.data as { fixes?: Fix[] } | undefined;
  return diagnostic.source === SOURCE && Array.isArray(data?.fixes) ? data.fixes : [];
}
