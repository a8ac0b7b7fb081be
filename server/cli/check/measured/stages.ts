import { cleanConfusion, triggeredConfusion, type Confusion, type Stage } from '../../../protocol/report/confusion';
import type { DefenseReport, McNemar, Rate, StageMetrics } from '../../../protocol/report/report';
import type { CheckResult } from '../../../protocol/report/review';
import { fail, hold, warn } from '../context';
import { near, TOLERANCE_IMAGES } from './tolerance';
import { capital } from '../../../protocol/words';

const FIGURES: [key: 'cleanAccuracy' | 'attackSuccessRate' | 'robustAccuracy', title: string][] = [
  ['cleanAccuracy', 'clean accuracy'],
  ['attackSuccessRate', 'ASR'],
  ['robustAccuracy', 'robust accuracy'],
];
const STAGES = { before: 'before', pruned: 'after pruning', after: 'after fine-tuning' } as const;

/** The figures of a model before, after pruning or after fine-tuning, against the same measured here. */
export function stageResults(told: Stage, here: Stage | null, stage: keyof typeof STAGES): CheckResult[] {
  if (!here)
    return [fail('measure.impossible', `The model ${STAGES[stage]} could not be measured.`, `/stages/${stage}`)];
  const figures = FIGURES.map(([key, title]) =>
    hold(
      'measure.figure',
      sameRate(told[key], here[key]),
      {
        good: `${capital(title)} ${STAGES[stage]}: ${words(here[key])} measured here, ${words(told[key])} in the report.`,
        bad: `${capital(title)} ${STAGES[stage]} is ${words(here[key])} when measured again, ${words(told[key])} in the report: more than ${TOLERANCE_IMAGES} images apart.`,
      },
      `/stages/${stage}/${key}`,
    ),
  );
  const tables = [
    sameConfusion(cleanConfusion(told), cleanConfusion(here)),
    sameConfusion(triggeredConfusion(told), triggeredConfusion(here)),
  ];
  return [
    ...figures,
    ...effectResults(told, here, stage),
    hold(
      'measure.confusion',
      tables.every(Boolean),
      {
        good: `The confusion matrices and per-class accuracies ${STAGES[stage]} match those measured here.`,
        bad: `A confusion matrix or per-class accuracy ${STAGES[stage]} does not match what was measured here: a cell is more than ${TOLERANCE_IMAGES} images apart.`,
      },
      `/confusion/${stage}`,
    ),
  ];
}

/** The paired tests of before and after. */
export function mcnemarResult({ comparison }: DefenseReport, here: DefenseReport['comparison']): CheckResult {
  const same = (a: McNemar | null, b: McNemar | null): boolean =>
    a === null || b === null ? a === b : near(a.onlyBefore, b.onlyBefore) && near(a.onlyAfter, b.onlyAfter);
  return hold(
    'measure.comparison',
    same(comparison.cleanAccuracy, here.cleanAccuracy) && same(comparison.attackSuccess, here.attackSuccess),
    {
      good: 'The paired comparison of before and after matches the one measured here.',
      bad: `The paired comparison of before and after does not match the one measured here: more than ${TOLERANCE_IMAGES} images apart.`,
    },
    '/comparison',
  );
}

/** What the trigger does, against the same measured here. */
function effectResults(told: StageMetrics, here: StageMetrics, stage: keyof typeof STAGES): CheckResult[] {
  if (!here.effect) return [];
  if (!told.effect) {
    return stage === 'after'
      ? [
          warn(
            'measure.effect',
            'The report, written by an earlier version, does not say what the trigger does to other classes. It was measured here, and the gates are judged by that; run the defense again.',
            '/stages/after',
          ),
        ]
      : [];
  }
  const [a, b] = [told.effect, here.effect];
  const images = here.cleanAccuracy.of;
  const counts = (effect: typeof a): Map<number, { gained: number; lost: number }> =>
    new Map((effect.classes ?? []).map((one) => [one.class, one]));
  const [ofA, ofB] = [counts(a), counts(b)];
  const changed = [...new Set([...ofA.keys(), ...ofB.keys()])];
  const same =
    sameRate(a.baseRate, b.baseRate) &&
    near(a.netWrong * images, b.netWrong * images) &&
    changed.every(
      (c) =>
        near(ofA.get(c)?.gained ?? 0, ofB.get(c)?.gained ?? 0) && near(ofA.get(c)?.lost ?? 0, ofB.get(c)?.lost ?? 0),
    );
  return [
    hold(
      'measure.effect',
      same,
      {
        good: `What the trigger does ${STAGES[stage]}, class by class, matches what was measured here.`,
        bad: `What the trigger does ${STAGES[stage]} does not match what was measured here: a count is more than ${TOLERANCE_IMAGES} images apart.`,
      },
      `/stages/${stage}/effect`,
    ),
  ];
}

const sameRate = (a: Rate | null, b: Rate | null): boolean =>
  a === null || b === null ? a === b : a.of === b.of && near(a.hits, b.hits);
const words = (rate: Rate | null): string => (rate === null ? 'nothing' : `${rate.hits} of ${rate.of}`);

function sameConfusion(a: Confusion | null, b: Confusion | null): boolean {
  if (a === null || b === null) return a === b;
  const labels = Array.from({ length: a.classes }, (_, label) => label);
  const within = (cells: Confusion, other: Confusion): boolean =>
    [...cells.wrong()].every(([label, predicted, images]) => near(images, other.count(label, predicted)));
  return (
    a.classes === b.classes &&
    labels.every((label) => near(a.count(label, label), b.count(label, label)) && near(a.of(label), b.of(label))) &&
    within(a, b) &&
    within(b, a)
  );
}
