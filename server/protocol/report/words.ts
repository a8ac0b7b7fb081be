import { stagesOf, type Stage } from './confusion';
import type { Attempt, Proof } from './attempts';
import type { DefenseReport, Gate } from './report';
import type { ReportComparison } from './comparison';
import type { ScanResult } from './scan';

/** What the things in a report are called, wherever they are shown. */

export type RateName = 'cleanAccuracy' | 'attackSuccessRate' | 'robustAccuracy';

/** Names of the figures at a stage, in the order of every table: in a sentence, and over a column or a row. */
export const RATE_TITLES: Record<RateName, string> = {
  cleanAccuracy: 'clean accuracy',
  attackSuccessRate: 'ASR',
  robustAccuracy: 'robust accuracy',
};
export const FIGURE_TITLES: Record<RateName, string> = {
  cleanAccuracy: 'Clean accuracy',
  attackSuccessRate: 'Attack success rate (ASR)',
  robustAccuracy: 'Robust accuracy',
};
export const RATE_NAMES = Object.keys(RATE_TITLES) as RateName[];

/** What a gate limits. */
export const GATE_TITLES: Record<Gate['id'], string> = {
  maxAttackSuccessRate: 'Attack success rate (ASR)',
  maxAccuracyDrop: 'Drop in clean accuracy',
};

/** Whether the triggered figures are on a trigger that was estimated from the model: then they say so wherever they stand. */
export function isEstimated({ trigger }: Pick<DefenseReport, 'trigger'>): boolean {
  return trigger?.source === 'estimated';
}

/** What a figure is called in a sentence: on an estimated trigger it says so. */
export function rateTitle(report: Pick<DefenseReport, 'trigger'>, name: RateName): string {
  return `${RATE_TITLES[name]}${name !== 'cleanAccuracy' && isEstimated(report) ? ' (estimated trigger)' : ''}`;
}

/** What the success of a report's trigger is called. */
export const asrName = (report: Pick<DefenseReport, 'trigger'>): string => rateTitle(report, 'attackSuccessRate');

/** What a figure is called in a Markdown table. */
export function figureTitle(report: Pick<DefenseReport, 'trigger'>, name: RateName): string {
  return `${FIGURE_TITLES[name]}${name === 'cleanAccuracy' ? '' : onEstimated(report)}`;
}

/** After what a triggered figure is called in Markdown, where it is on no trigger that anybody has seen. */
export function onEstimated(report: Pick<DefenseReport, 'trigger'>): string {
  return isEstimated(report) ? ', *estimated* trigger' : '';
}

/** The stages of a report, as columns: a model that was not repaired has but one. */
export function stageColumns(report: Pick<DefenseReport, 'stages' | 'confusion' | 'repaired'>): {
  title: string;
  stage: Stage | null;
}[] {
  const { repaired } = report;
  const stages = stagesOf(report);
  return [
    { title: 'before', stage: stages.before },
    { title: 'pruned', stage: repaired ? stages.pruned : null },
    { title: 'fine-tuned', stage: repaired ? stages.after : null },
  ];
}

/** Which figures of a comparison are on an estimated trigger: all there are, or those of one side, while the other report knows its trigger; null for none. */
export function whichEstimated({
  base,
  head,
}: Pick<ReportComparison, 'base' | 'head'>): 'all' | 'base' | 'head' | null {
  const [before, now] = [base, head].map((report) => (report?.trigger ? isEstimated(report) : null));
  if (!before && !now) return null;
  return before === false ? 'head' : now === false ? 'base' : 'all';
}

/** How a layer that nobody named was found. */
export const HOW_FOUND = {
  penultimate: 'found as the penultimate one',
  last: "the last one that can be pruned, since the penultimate one can't",
} as const;

/** A scan's sentence without the word that it begins with, for where that stands before it or above it. */
export function afterScanWord({ word, sentence }: Pick<ScanResult, 'word' | 'sentence'>): string {
  return sentence.toLowerCase().startsWith(`${word}: `) ? sentence.slice(word.length + 2) : sentence;
}

/** The images that a proof's bounded triggers were measured on. */
export function provingImages({ measuredOn }: Pick<Proof, 'measuredOn'>): string {
  return `${measuredOn === 'test' ? 'test' : 'held-out'} images`;
}

/** Whether a repair that was tried meets its gates; of one that was kept, which gate it misses. */
export function gatesWord({ chosen, met, missed }: Pick<Attempt, 'chosen' | 'met' | 'missed'>): string {
  if (met) return 'gates met';
  const only = chosen && missed?.length === 1 ? missed[0] : null;
  return only ? `${only === 'maxAccuracyDrop' ? 'accuracy' : 'ASR'} gate missed` : 'gates missed';
}

/** What became of a repair that was tried. */
export function attemptWord(attempt: Pick<Attempt, 'chosen' | 'met' | 'missed'>): string {
  const gates = gatesWord(attempt);
  return attempt.chosen ? `kept, ${gates}` : attempt.met ? `${gates}, not kept` : gates;
}
