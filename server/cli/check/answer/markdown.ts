import { compareReports } from '../../../engine/report/compare/compare';
import { text } from '../../../protocol/text/markdown';
import { commentBody, stepSummary, type SummaryPart } from '../../../engine/report/markdown/summary';
import type { Checked } from '../check-report';
import type { WholeCheck } from '../whole';
import { BESIDE_REPORTS, conclusion, inOrder, openGates, wholeConclusion } from './words';
import type { CheckResult } from '../../../protocol/report/review';
import { capital } from '../../../protocol/words';
import { plain } from '../../../protocol/text/plain';

/** Lines that a list of results takes at most: the rest is in the log. */
const MAX_LINES = 20;
const SIGNS = { fail: '❌', warn: '⚠️', pass: '✅' } as const;

/** Markdown of a whole check, below the size that a forge takes as a step's summary. */
export function checkSummary(whole: WholeCheck): string {
  return stepSummary(parts(whole));
}

/** Body of a comment on a pull request, with the marker by which the same comment is found again. */
export function checkComment(whole: WholeCheck): string {
  return commentBody('check', parts(whole));
}

/** Of what is about no single report, what fails goes first: it is short, and easily missed behind reports that passed. */
function parts({ reports, results }: WholeCheck): SummaryPart[] {
  const shown = inOrder(results);
  if (shown.length === 0) return reports.map(part);
  const fails = shown.some(({ outcome }) => outcome === 'fail');
  const beside: SummaryPart = {
    name: BESIDE_REPORTS,
    title: BESIDE_REPORTS,
    report: null,
    issues: [],
    lead: [`**${SIGNS[fails ? 'fail' : 'warn']} ${wholeConclusion(results)}**`, '', ...resultLines(shown)].join('\n'),
  };
  return fails ? [beside, ...reports.map(part)] : [...reports.map(part), beside];
}

function resultLines(told: readonly CheckResult[]): string[] {
  const lines = told
    .slice(0, MAX_LINES)
    .map(
      ({ outcome, message, id }) => `- ${SIGNS[outcome]} ${text(short(message))} (\`${id.replace(/[^\w.-]/g, '')}\`)`,
    );
  if (told.length > MAX_LINES) lines.push(`- … and ${told.length - MAX_LINES} more, in the check log`);
  return lines;
}

function part(checked: Checked): SummaryPart {
  const { target, judged, before, result } = checked;
  return {
    name: target.name,
    report: judged,
    issues: result.issues,
    lead: lead(checked),
    ...(result.policy.source !== 'worktree' &&
      (before.report || judged) && { comparison: compareReports(before.report, judged) }),
  };
}

/** What the check found, as a list: the outcome, then what speaks against it. */
function lead({ result, policyWords }: Checked): string {
  const lines = resultLines(inOrder(result.results).filter(({ outcome }) => outcome !== 'pass'));
  const gates = openGates(result).map((gate) => `- ${SIGNS.fail} ${text(gate.message)}`);
  const policy = policyWords && result.policy.source !== 'worktree' ? [`- ${text(`${capital(policyWords)}.`)}`] : [];
  return [
    `**${SIGNS[result.passed ? 'pass' : 'fail']} ${text(result.file)}** — ${text(conclusion(result))}`,
    '',
    ...lines,
    ...gates,
    ...policy,
  ].join('\n');
}

const short = (message: string): string => plain(message, 700);
