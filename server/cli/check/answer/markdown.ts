import { compareReports } from '../../../engine/report/compare/compare';
import { text } from '../../../protocol/text/markdown';
import { commentBody, stepSummary, type SummaryPart } from '../../../engine/report/markdown/summary';
import type { Checked } from '../check-report';
import { conclusion, inOrder, openGates } from './words';
import { capital } from '../../../protocol/words';
import { plain } from '../../../protocol/text/plain';

/** Lines that a list of results takes at most: the rest is in the log. */
const MAX_LINES = 20;
const SIGNS = { fail: '❌', warn: '⚠️', pass: '✅' } as const;

/** Markdown of a whole check, below the size that a forge takes as a step's summary. */
export function checkSummary(all: readonly Checked[]): string {
  return stepSummary(all.map(part));
}

/** Body of a comment on a pull request, with the marker by which the same comment is found again. */
export function checkComment(all: readonly Checked[]): string {
  return commentBody('check', all.map(part));
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
  const told = inOrder(result.results).filter(({ outcome }) => outcome !== 'pass');
  const lines = told
    .slice(0, MAX_LINES)
    .map(
      ({ outcome, message, id }) => `- ${SIGNS[outcome]} ${text(short(message))} (\`${id.replace(/[^\w.-]/g, '')}\`)`,
    );
  if (told.length > MAX_LINES) lines.push(`- … and ${told.length - MAX_LINES} more, in the check log`);
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

const short = (message: string): string => plain(message, 400);
