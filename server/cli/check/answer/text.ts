import type { CheckedReport } from '../../../protocol/report/review';
import { plain } from '../../../protocol/text/plain';
import { painter } from '../../output/paint';
import { wrap } from '../../output/summary';
import type { WholeCheck } from '../whole';
import { BESIDE_REPORTS, conclusion, decisionWords, inOrder, wholeConclusion } from './words';
import { capital } from '../../../protocol/words';

export interface TextOptions {
  verbose: boolean;
  colour: boolean;
  /** Columns of the screen. */
  columns: number;
}

/** What a check found, for a terminal: a block a report, its last line saying what the outcome rests on. */
export function checkText({ reports, results }: WholeCheck, { verbose, colour, columns }: TextOptions): string {
  const paint = painter(colour);
  const width = Math.min(120, Math.max(60, columns));
  // Names and sentences come from files: what could steer a terminal is spelt out.
  const block = (sign: string, text: string): string[] =>
    wrap(plain(text), width - 4).map((line, at) => (at === 0 ? `  ${sign} ${line}` : `    ${line}`));
  const signs = { fail: paint('red', '✗'), warn: paint('yellow', '!'), pass: paint('green', '✓') };
  const lines = reports.flatMap(({ result, judged, policyWords }) => {
    const shown = inOrder(result.results).filter(({ outcome }) => verbose || outcome !== 'pass');
    return [
      paint('bold', plain(result.file)),
      ...(judged ? block(' ', `${judged.verdict.word.toUpperCase()}: ${judged.verdict.sentence}`) : []),
      ...shown.flatMap(({ outcome, message, id }) => block(signs[outcome], verbose ? `${message} [${id}]` : message)),
      ...issueLines(result, verbose).flatMap(({ sign, text }) =>
        block({ ok: signs.pass, bad: signs.fail, info: paint('dim', 'i') }[sign], text),
      ),
      ...(policyWords && result.policy.source !== 'worktree'
        ? block(paint('dim', 'i'), `${capital(policyWords)}.`)
        : []),
      ...wrap(conclusion(result), width - 2).map(
        (line, at) => `  ${at === 0 ? paint(result.passed ? 'green' : 'red', line) : line}`,
      ),
      '',
    ];
  });
  if (results.length) {
    lines.push(
      paint('bold', BESIDE_REPORTS),
      ...inOrder(results).flatMap(({ outcome, message, id }) =>
        block(signs[outcome], verbose ? `${message} [${id}]` : message),
      ),
      ...(results.some(({ outcome }) => outcome === 'fail') ? [`  ${paint('red', wholeConclusion(results))}`] : []),
      '',
    );
  }
  if (reports.length > 1) {
    const failed = reports.filter(({ result }) => !result.passed).length;
    lines.push(`${reports.length} reports, ${reports.length - failed} passed, ${failed} failed.`, '');
  }
  return lines.join('\n');
}

function issueLines({ issues }: CheckedReport, verbose: boolean): { sign: 'ok' | 'bad' | 'info'; text: string }[] {
  return issues
    .filter(({ id, decision }) => verbose || id.startsWith('gate.') || decision !== null)
    .map((issue) => {
      const words = decisionWords(issue);
      const sign = issue.status === 'accepted' ? 'ok' : issue.id.startsWith('gate.') ? 'bad' : 'info';
      return { sign, text: words === null ? issue.message : `${issue.message} ${words}` };
    });
}
