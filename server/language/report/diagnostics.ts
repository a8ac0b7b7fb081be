import type { Diagnostic, Range } from 'vscode-languageserver-types';
import type { Failure } from '../../protocol/errors';
import { formerText, formerVersion } from '../../protocol/report/former';
import type { DefenseReport } from '../../protocol/report/report';
import type { ReviewedIssue } from '../../protocol/report/review';
import { settingsText, type RunSetting } from '../../protocol/report/run-settings';
import { nodeAtPointer, rangeOf, topRange, type ConfigText } from '../text/config-text';
import { SEVERITY, SOURCE } from '../text/problem';
import { renewalOf, staleText } from './run-state';
import { settingsSeverity } from './settings-diagnostics';

/** What a diagnostic of a report carries for its quick fix: the finding that may be accepted. */
export interface IssueData {
  issue: string;
}

/**
 * Diagnostics in the text of a report: missed gates and findings on the line that holds them, what has changed since it was written, and
 * what its run had from a command line. An accepted one stays, as information: that somebody has accepted it is what the next reader has to know.
 */
export function reportDiagnostics(
  text: ConfigText,
  issues: readonly ReviewedIssue[],
  changed: readonly string[],
  report: DefenseReport,
  settings: readonly RunSetting[] = [],
): Diagnostic[] {
  return [
    ...staleness(text, changed, report),
    ...otherSettings(text, settings),
    ...issues.map((issue) => issueDiagnostic(text, issue)),
  ];
}

/** A report that can't be used as one, at the place at fault. */
export function brokenReport(text: ConfigText, { code, message, place, todo }: Failure): Diagnostic {
  const pointer = place?.startsWith('/') ? place.split(',')[0]! : '';
  const line = /line (\d+):(\d+)/.exec(place ?? '');
  const range = pointer
    ? firstLine(text, pointer)
    : line
      ? at(text, Number(line[1]) - 1, Number(line[2]) - 1)
      : topRange(text);
  return { source: SOURCE, code, severity: SEVERITY.error, range, message: [message, todo].filter(Boolean).join(' ') };
}

function issueDiagnostic(text: ConfigText, issue: ReviewedIssue): Diagnostic {
  const data: IssueData = { issue: issue.id };
  const severity = issue.status === 'accepted' ? SEVERITY.information : SEVERITY[issue.severity];
  return {
    source: SOURCE,
    code: issue.id,
    severity,
    range: firstLine(text, issue.pointer),
    message: issueText(issue),
    ...(issue.status !== 'accepted' && { data }),
  };
}

/** A finding with what was decided about it, in one sentence or two. */
export function issueText({
  message,
  status,
  decision,
}: Pick<ReviewedIssue, 'message' | 'status' | 'decision'>): string {
  if (!decision || status === 'open') return message;
  const { author, reason, date, expires } = decision;
  const name = author.replace(/\s*<[^>]*>\s*$/, '');
  switch (status) {
    case 'accepted':
      return `Accepted by ${name} on ${date}${expires ? `, until ${expires}` : ''}: “${reason}” ${message}`;
    case 'expired':
      return `${message} ${name} accepted it until ${expires ?? date}; that has expired.`;
    case 'stale':
      return `${message} ${name} accepted it on ${date} for other figures, so that no longer counts.`;
  }
}

/** Hashes that no longer hold, where they are in the file. Those of an earlier version say too little for that. */
function staleness(text: ConfigText, changed: readonly string[], report: DefenseReport): Diagnostic[] {
  const former = formerVersion(report);
  const { uri } = text.document;
  if (former)
    return [
      {
        source: SOURCE,
        code: 'report.former',
        severity: changed.length > 0 ? SEVERITY.warning : SEVERITY.information,
        range: firstLine(text, '/provenance/tool'),
        message: changed.length > 0 ? staleText(changed, report, uri) : formerText(former, renewalOf(uri)),
      },
    ];
  return changed.map((what) => {
    const pointer =
      what === 'the model' ? '/model/before' : what === 'the data' ? '/data/files' : '/provenance/configHash';
    return {
      source: SOURCE,
      code: 'report.stale',
      severity: SEVERITY.warning,
      range: firstLine(text, pointer),
      message: staleText([what], report, uri),
    };
  });
}

/** Settings that the run had and its config has not, at the first of them. */
function otherSettings(text: ConfigText, settings: readonly RunSetting[]): Diagnostic[] {
  const [first] = settings;
  if (!first) return [];
  const range = firstLine(text, `/provenance/config/${first.path.replaceAll('.', '/')}`);
  return [
    {
      source: SOURCE,
      code: 'report.settings',
      severity: SEVERITY[settingsSeverity(settings)],
      range,
      message: settingsText(settings),
    },
  ];
}

/** From the key of the value that a pointer names to the end of its line: a value may go over many. */
function firstLine(text: ConfigText, pointer: string): Range {
  const node = nodeAtPointer(text, pointer);
  if (!node) return topRange(text);
  const start = node.parent?.type === 'property' ? node.parent.offset : node.offset;
  const whole = rangeOf(text, { offset: start, length: node.offset + node.length - start });
  if (whole.start.line === whole.end.line) return whole;
  const [line = ''] = text.document
    .getText({ start: whole.start, end: { line: whole.start.line + 1, character: 0 } })
    .split(/\r?\n/);
  return { start: whole.start, end: { line: whole.start.line, character: whole.start.character + line.length } };
}

function at(text: ConfigText, line: number, character: number): Range {
  const position = text.document.positionAt(text.document.offsetAt({ line, character }));
  return { start: position, end: { line: position.line, character: position.character + 1 } };
}
