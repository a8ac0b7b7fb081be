import * as vscode from 'vscode';
import { isDay, today } from '../../server/protocol/day';
import { FinePruneError, badInput } from '../../server/protocol/errors';
import {
  ACCEPT_FINDING_REQUEST,
  READ_REPORT_REQUEST,
  type AcceptFindingParams,
  type AcceptFindingResult,
  type ReadReportParams,
  type ReadReportResult,
} from '../../server/protocol/messages/lsp';
import type { IssueId } from '../../server/protocol/report/review';
import { writeReview } from '../config/review-file';
import { readText } from '../git/read';
import { notify } from '../ui/notify';
import { activeReport, baseName, isReport, reportName, reviewOf, toUri } from '../ui/open';
import { isAllowed, type CommandContext } from './context';
import { pickFile } from './pick';
import { REPORT_FILE, REVIEW_FILE } from '../../server/protocol/files';

const MOST_REASON = 1000;

/**
 * `finePrune.acceptFinding`: a decision about a finding or missed gate, written into `<name>.defense-review.json` beside the
 * report. What is not given is asked: report, finding, reason, last day.
 */
export async function acceptFinding({ server }: CommandContext, target?: unknown, issue?: unknown): Promise<void> {
  if (!isAllowed('accept findings', 'your name is read from git config')) return;
  const report =
    toUri(target) ??
    activeReport() ??
    (await pickFile(REPORT_FILE.glob, 'Fine-Prune: accept a finding in which report?', { 'Defense report': ['json'] }));
  if (!report) return;
  if (report.scheme !== 'file' || !isReport(report))
    throw badInput(
      'review.notAFile',
      `Decisions are saved beside a report in the working tree whose name ends with ${REPORT_FILE.ending}.`,
      { todo: 'Open the report in the working tree.' },
    );
  const reportText = await readText(report, REPORT_FILE.mostBytes);
  if (reportText === null)
    throw badInput('report.empty', `${baseName(report)} is missing or empty.`, { file: report.fsPath });
  const finding =
    typeof issue === 'string'
      ? (issue as IssueId)
      : await askIssue(server, { uri: report.toString(), text: reportText });
  if (finding === undefined) return;
  const title = `Fine-Prune: accept ${finding} in ${reportName(report)}`;
  const reason = await askReason(title);
  const expires = reason === undefined ? undefined : await askExpiry(title);
  if (reason === undefined || expires === undefined) return;

  const review = reviewOf(report);
  // Both may have changed while the person was writing.
  const [reportNow, reviewText] = [
    await readText(report, REPORT_FILE.mostBytes),
    await readText(review, REVIEW_FILE.mostBytes),
  ];
  const params: AcceptFindingParams = {
    reportUri: report.toString(),
    reportText: reportNow ?? reportText,
    reviewText,
    finding,
    reason,
    ...(expires !== '' && { expires }),
  };
  const result = await server.request<AcceptFindingResult>(ACCEPT_FINDING_REQUEST, params);
  if (!result.ok) throw new FinePruneError(result.failure);
  const told = await writeReview(review, reviewText, result.text);
  notify('information', `Fine-Prune: ${finding} is accepted${expires === '' ? '' : ` until ${expires}`}. ${told}`, {
    title: 'Open',
    run: () => vscode.window.showTextDocument(review, { preview: false }),
  });
}

async function askIssue(server: CommandContext['server'], params: ReadReportParams): Promise<IssueId | undefined> {
  const result = await server.request<ReadReportResult>(READ_REPORT_REQUEST, params);
  if (!result.ok) throw new FinePruneError(result.failure);
  const issues = result.view.issues.filter(({ status }) => status !== 'accepted');
  if (issues.length === 0) {
    notify('information', 'Fine-Prune: there are no open findings in this report.');
    return undefined;
  }
  const icons = { error: 'error', warning: 'warning', information: 'info' } as const;
  const items = issues.map(({ id, message, severity, status }) => ({
    label: id,
    description: status === 'open' ? '' : `decision ${status}`,
    detail: message,
    iconPath: new vscode.ThemeIcon(icons[severity]),
    id,
  }));
  return (await vscode.window.showQuickPick(items, { title: 'Fine-Prune: accept which finding?', matchOnDetail: true }))
    ?.id;
}

async function askReason(title: string): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt: 'Why is this acceptable? One sentence, saved with your name from git.',
    placeHolder: 'ASR 6 % accepted for the demo',
    ignoreFocusOut: true,
    validateInput: faultOfReason,
  });
  return text?.trim();
}

/** @returns an empty text for none, undefined when the person has changed their mind */
async function askExpiry(title: string): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt:
      'Last day on which this is valid, as YYYY-MM-DD. Leave empty to accept it as long as the finding stays the same.',
    placeHolder: 'YYYY-MM-DD',
    ignoreFocusOut: true,
    validateInput: (value) => faultOfExpiry(value, today()),
  });
  return text?.trim();
}

export function faultOfReason(text: string): string | undefined {
  const { length } = text.trim();
  if (length === 0) return 'A decision needs a reason.';
  return length > MOST_REASON ? `${length} characters; at most ${MOST_REASON}.` : undefined;
}

/** @param now YYYY-MM-DD */
export function faultOfExpiry(text: string, now: string): string | undefined {
  const day = text.trim();
  if (day === '') return undefined;
  if (!isDay(day)) return 'Enter a date as YYYY-MM-DD, or leave empty.';
  return day < now ? 'That date is in the past.' : undefined;
}
