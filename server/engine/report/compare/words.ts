import type { DefenseReport } from '../../../protocol/report/report';
import type { FigureChange, ReportComparison } from '../../../protocol/report/comparison';
import { scanSentence } from './scan';
import { limitWords, percent, list, pWords, capital, uncapital } from '../../../protocol/words';
import { asrName, RATE_TITLES, whichEstimated } from '../../../protocol/report/words';

type Unworded = Omit<ReportComparison, 'sentence' | 'direction'>;

/** What a figure of a comparison is called: on a trigger that was only estimated, it says so, and in which report. */
export function figureTitle(
  figure: FigureChange['figure'],
  comparison: Pick<ReportComparison, 'base' | 'head'>,
): string {
  const which = whichEstimated(comparison);
  return figure === 'cleanAccuracy' || which === null
    ? RATE_TITLES[figure]
    : `${RATE_TITLES[figure]} (estimated trigger${ESTIMATED_SIDE[which]})`;
}

/** After `estimated trigger`: on which side, where it is not all of them. */
export const ESTIMATED_SIDE = { all: '', base: ' before', head: ' now' } as const;

const GATE_WORDS = { maxAttackSuccessRate: 'ASR', maxAccuracyDrop: 'the drop in clean accuracy' } as const;

/** Overall direction of the defended model: its figures, as far as they changed beyond noise, and the classes that its scan finds suspicious. */
export function direction({ base, head, caveats, figures, scans }: Unworded): ReportComparison['direction'] {
  if (!base || !head || caveats.length > 0) return 'not comparable';
  const changes = new Set(figures.filter(({ stage }) => stage === 'after').map(({ change }) => change));
  const scan = scans?.find(({ model }) => model === 'defended');
  if (scan?.added.length) changes.add('worse');
  if (scan?.removed.length) changes.add('better');
  if (changes.has('better') && changes.has('worse')) return 'mixed';
  return changes.has('better') ? 'better' : changes.has('worse') ? 'worse' : 'same';
}

/** One to three sentences: what got better or worse, by which test, and what became of the gates. */
export function sentence(comparison: Unworded): string {
  const { base, head, caveats } = comparison;
  if (!base || !head) return aloneSentence(base, head);
  if (caveats.length > 0)
    return `The figures can't be compared: ${uncapital(caveats[0]!)} ${[verdicts(base, head), scanSentence(comparison)].filter(Boolean).join(' ')}`;
  return [figureSentence(comparison), gateSentence(comparison), scanSentence(comparison)].filter(Boolean).join(' ');
}

function aloneSentence(base: DefenseReport | null, head: DefenseReport | null): string {
  const report = head ?? base;
  if (!report) return 'There is no report on either side.';
  const { cleanAccuracy, attackSuccessRate } = report.stages.after;
  const figures = `${report.verdict.word}, clean accuracy ${percent(cleanAccuracy.rate)}${attackSuccessRate ? `, ${asrName(report)} ${percent(attackSuccessRate.rate)}` : ''}`;
  return head ? `The report is new: ${figures}.` : `The report was deleted. It said: ${figures}.`;
}

function verdicts(base: DefenseReport, head: DefenseReport): string {
  return base.verdict.word === head.verdict.word
    ? `Both say: ${head.verdict.word}.`
    : `The verdict was ${base.verdict.word} and is now ${head.verdict.word}.`;
}

function figureSentence(comparison: Unworded): string {
  const { figures } = comparison;
  const title = (change: FigureChange): string => figureTitle(change.figure, comparison);
  const after = figures.filter(({ stage, base, head }) => stage === 'after' && base && head);
  const beyond = after.filter(({ change }) => change === 'better' || change === 'worse');
  const noise = after.filter(({ change }) => change === 'noise');
  if (beyond.length + noise.length === 0) return 'Every figure of the defended model is the same.';
  const paired = 'it ignores that both are for the same images, which makes it conservative';
  const told = beyond.map(
    (change) => `${title(change)} ${moved(change)}, which is ${change.change} (${pWords(change.pValue!)})`,
  );
  const within = noise.map((change) => `${title(change)} ${moved(change)} (${pWords(change.pValue!)})`);
  if (beyond.length === 0) return `Nothing changed beyond noise by Fisher's exact test (${paired}): ${list(within)}.`;
  const rest = within.length > 0 ? `; within noise: ${list(within)}` : '';
  return `Beyond noise by Fisher's exact test (${paired}): ${list(told)}${rest}.`;
}

function moved({ base, head }: FigureChange): string {
  const [from, to] = [base!.rate, head!.rate];
  const verb = to > from ? 'rose' : to < from ? 'fell' : 'stayed';
  return verb === 'stayed' ? `stayed at ${percent(to)}` : `${verb} from ${percent(from)} to ${percent(to)}`;
}

function gateSentence({ gates }: Unworded): string {
  const told = gates.flatMap(({ id, base, head, limit }) => {
    const gate = `the gate on ${GATE_WORDS[id]}`;
    const met =
      base && head && base.met !== head.met
        ? `${gate} was ${base.met ? 'met and is now missed' : 'missed and is now met'}`
        : null;
    const moved =
      limit === 'loosened' || limit === 'tightened'
        ? `${met ? 'its limit' : `the limit on ${GATE_WORDS[id]}`} was ${limit}, from ${limitWords(base!.limit)} to ${limitWords(head!.limit)}`
        : null;
    return [met, moved].filter((words) => words !== null);
  });
  return told.length > 0 ? `${capital(list(told))}.` : '';
}
