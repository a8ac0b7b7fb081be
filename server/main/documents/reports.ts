import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import type { CodeAction, CodeLens, Diagnostic, Hover, Position } from 'vscode-languageserver/node';
import { isMissing, readText } from '../../engine/files/read';
import { compareReports } from '../../engine/report/compare/compare';
import { readReport } from '../../engine/report/json/read-report';
import { addDecision, readReview, reviewedIssues } from '../../engine/report/review/review';
import { brokenReport, reportDiagnostics } from '../../language/report/diagnostics';
import { reportHover } from '../../language/report/hover';
import { reportActions, reportLenses } from '../../language/report/lenses';
import { today } from '../../protocol/day';
import { badInput } from '../../protocol/errors';
import type {
  AcceptFindingParams,
  AcceptFindingResult,
  CompareReportsParams,
  CompareReportsResult,
  ReadReportParams,
  ReadReportResult,
  ReportText,
} from '../../protocol/messages/lsp';
import type { DefenseReport } from '../../protocol/report/report';
import type { DefenseReview, ReviewedIssue } from '../../protocol/report/review';
import type { RunSetting } from '../../protocol/report/run-settings';
import { openDocument, type Host } from '../host';
import { ResultDocuments, type Reading } from './results';
import type { Snapshots } from '../known/snapshots';
import { pathOf, uriOf } from '../uris';
import { REPORT_FILE, beside, CONFIG_FILE, REVIEW_FILE } from '../../protocol/files';
import { failureOf } from '../failure';

const configOf = (report: string): string => beside(report, REPORT_FILE, CONFIG_FILE);
const reviewOf = (report: string): string => beside(report, REPORT_FILE, REVIEW_FILE);

/** Reports as texts: what is in them is checked and explained where a reviewer reads it. */
export class ReportDocuments extends ResultDocuments<DefenseReport> {
  /** Settings that a report's run had and its config has not, as they were when it was last diagnosed. */
  private readonly settings = new WeakMap<DefenseReport, readonly RunSetting[]>();

  constructor(
    host: Host,
    private readonly snapshots: Snapshots,
  ) {
    super(host, REPORT_FILE.is, readReport);
  }

  hover(uri: string, position: Position): Hover | null {
    const reading = this.at(uri);
    return reading?.result
      ? reportHover(reading.text, reading.result, position, this.settings.get(reading.result))
      : null;
  }

  lenses(uri: string): CodeLens[] {
    const reading = this.at(uri);
    const file = this.fileOf(uri);
    return reading && file ? reportLenses(reading.text, uriOf(configOf(file))) : [];
  }

  actions(uri: string, diagnostics: readonly Diagnostic[]): CodeAction[] {
    return this.at(uri) ? reportActions(uri, diagnostics) : [];
  }

  /** Reads a report for the rendered view. */
  async read({ uri, text, reviewText }: ReadReportParams): Promise<ReadReportResult> {
    try {
      const file = pathOf(uri);
      const report = readReport(text, file ?? uri);
      const review = reviewText !== undefined ? readReview(reviewText, uri) : file ? await this.review(file) : null;
      const { changed, settings } = file
        ? await this.snapshots.standingOf(report, configOf(file))
        : { changed: null, settings: [] };
      return {
        ok: true,
        view: {
          report,
          issues: reviewedIssues(report, review, today()),
          changed,
          ...(settings.length > 0 && { settings }),
        },
      };
    } catch (error) {
      return { ok: false, failure: failureOf(error) };
    }
  }

  compare({ base, head }: CompareReportsParams): CompareReportsResult {
    let side: 'base' | 'head' | null = null;
    const read = (text: ReportText | null, which: 'base' | 'head'): DefenseReport | null => {
      side = which;
      return text && readReport(text.text, text.label);
    };
    try {
      const [before, after] = [read(base, 'base'), read(head, 'head')];
      side = null;
      return { ok: true, comparison: compareReports(before, after) };
    } catch (error) {
      return { ok: false, failure: failureOf(error), side };
    }
  }

  /** The text of the decisions file with one decision more; writing it is the editor's, so that it can be undone. */
  async accept({
    reportUri,
    reportText,
    reviewText,
    finding,
    reason,
    expires,
  }: AcceptFindingParams): Promise<AcceptFindingResult> {
    try {
      const file = pathOf(reportUri);
      if (!file)
        throw badInput('review.notAFile', "Decisions can only be saved next to a report on this machine's disk.", {
          todo: 'Open the report in the working tree.',
        });
      const report = readReport(reportText, file);
      const author = await gitAuthor(path.dirname(file));
      return {
        ok: true,
        text: addDecision(reviewText, report, {
          finding,
          reason,
          author,
          date: today(),
          ...(expires !== undefined && { expires }),
        }),
      };
    } catch (error) {
      return { ok: false, failure: failureOf(error) };
    }
  }

  protected async diagnose({ result, text, fault }: Reading<DefenseReport>, file: string): Promise<Diagnostic[]> {
    if (!result) return fault ? [brokenReport(text, fault)] : [];
    const { changed, settings } = await this.snapshots.standingOf(result, configOf(file));
    this.settings.set(result, settings);
    let issues: ReviewedIssue[];
    try {
      issues = reviewedIssues(result, await this.review(file), today());
    } catch (error) {
      this.host.log.warn(
        `Decisions beside ${path.basename(file)} are not used: ${error instanceof Error ? error.message : String(error)}`,
      );
      issues = reviewedIssues(result, null, today());
    }
    return reportDiagnostics(text, issues, changed, result, settings);
  }

  /** Decisions beside a report, as the editor has them; null when there are none. */
  private async review(report: string): Promise<DefenseReview | null> {
    const file = reviewOf(report);
    const open = openDocument(this.host.documents, file);
    if (open) return readReview(open.getText(), file);
    const text = await readText(file, REVIEW_FILE.mostBytes).catch((error: unknown) => {
      if (isMissing(error)) return null;
      throw error;
    });
    return text === null ? null : readReview(text, file);
  }
}

/** `Name <mail>` as git would sign a commit in that folder. @throws FinePruneError when git does not know */
async function gitAuthor(folder: string): Promise<string> {
  const ask = async (key: string): Promise<string> => {
    const { stdout } = await promisify(execFile)('git', ['config', '--get', key], { cwd: folder, timeout: 10_000 });
    return stdout.trim();
  };
  try {
    const [name, mail] = [await ask('user.name'), await ask('user.email')];
    if (name !== '' && mail !== '') return `${name} <${mail}>`;
  } catch {
    // Not installed, or a key that is not set: the same sentence helps.
  }
  throw badInput(
    'review.noAuthor',
    'A decision is signed with your name and email from git, but git does not know them here.',
    { todo: 'Set `git config user.name` and `git config user.email`.' },
  );
}
