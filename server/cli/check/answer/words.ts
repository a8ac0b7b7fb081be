import type { CheckedReport, CheckLevel, CheckResult, ReviewedIssue } from '../../../protocol/report/review';
import { TOLERANCE_IMAGES } from '../measured/tolerance';
import { REPRODUCED } from '../reproduced';

/** The heading of what is about no single report. */
export const BESIDE_REPORTS = 'Beside the reports';

/** How what is about no single report ended. */
export function wholeConclusion(results: readonly CheckResult[]): string {
  const fails = results.filter(({ outcome }) => outcome === 'fail').length;
  return fails
    ? `FAILED: ${fails} ${fails === 1 ? 'problem' : 'problems'} beside the reports.`
    : 'Nothing that fails the check.';
}

/** What each level rests on, in words for people. */
const LEVEL_WORDS: Record<Exclude<CheckLevel, 'consistent'>, string> = {
  measured: `the committed models were measured again, without training; figures may differ by ${TOLERANCE_IMAGES} images`,
  reproduced: `trained again as well; figures may differ by ${REPRODUCED.accuracy * 100} points of accuracy and ${REPRODUCED.attackSuccess * 100} of ASR, or lie in overlapping 95 % intervals`,
};

/** Results that say what a comparison of hashes came to. */
const OF_HASHES = ['stale.model', 'stale.defended', 'stale.data', 'data', 'data.notFetched'];

function levelWords(level: CheckLevel, results: readonly CheckResult[]): string {
  if (level !== 'consistent') return LEVEL_WORDS[level];
  const compared = results.some(({ id }) => OF_HASHES.includes(id));
  return compared
    ? 'schema, hashes and figures were checked against each other; nothing was measured again'
    : 'schema and figures were checked against each other; no hash was compared, and nothing was measured again';
}

/** Missed gates that no decision covers. */
export function openGates({ issues }: CheckedReport): ReviewedIssue[] {
  return issues.filter(({ id, status }) => id.startsWith('gate.') && status !== 'accepted');
}

/** Missed gates and findings that a decision covers. */
export function accepted({ issues }: CheckedReport): ReviewedIssue[] {
  return issues.filter(({ status }) => status === 'accepted');
}

/** The last line of a report: how it ended, why, and what that rests on. */
export function conclusion(report: CheckedReport): string {
  const { passed, level, results } = report;
  const gone = results.some(({ id }) => id === 'report.deleted' || id === 'report.removed');
  const rests =
    level === null
      ? gone
        ? 'There is no report to check.'
        : 'The report could not be read.'
      : `Checked as ${level}: ${levelWords(level, results)}.`;
  const fails = results.filter(({ outcome }) => outcome === 'fail').length;
  const gates = openGates(report).length;
  const why = [
    ...(gates ? [`${gates} ${gates === 1 ? 'gate' : 'gates'} missed`] : []),
    ...(fails ? [`${fails} ${fails === 1 ? 'problem' : 'problems'}`] : []),
  ].join(', ');
  const decided = accepted(report).filter(({ id }) => id.startsWith('gate.')).length;
  return passed
    ? `PASSED${decided ? `, with ${decided} missed ${decided === 1 ? 'gate' : 'gates'} accepted by a decision` : ''}. ${rests}`
    : `FAILED: ${why}. ${rests}`;
}

/** A decision in one sentence; null without one. */
export function decisionWords({ decision, status }: ReviewedIssue): string | null {
  if (!decision) return null;
  const until = decision.expires === undefined ? '' : ` until ${decision.expires}`;
  const lead = {
    accepted: `Accepted${until}`,
    expired: `No longer accepted, because the decision expired on ${decision.expires}`,
    stale: 'No longer accepted, because what was accepted has changed',
    open: '',
  }[status];
  return `${lead}: ${decision.reason} (${decision.author}, ${decision.date})`;
}

/** What goes first: that the terms were changed. Then what fails, then the warnings. */
export function inOrder(results: readonly CheckResult[]): CheckResult[] {
  const rank = ({ id, outcome }: CheckResult): number =>
    outcome === 'fail'
      ? id.startsWith('policy.')
        ? 0
        : 2
      : outcome === 'warn'
        ? id.startsWith('policy.')
          ? 1
          : 3
        : 4;
  return [...results].sort((a, b) => rank(a) - rank(b));
}
