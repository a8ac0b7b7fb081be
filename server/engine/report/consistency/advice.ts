import type { McNemar, Rate } from '../../../protocol/report/report';
import type { ScanAdvice, ScanResult } from '../../../protocol/report/scan';
import { adviceSentence } from '../../detect/advice-words';
import { clearlyBetter, flagsOf, isAlike } from '../../detect/advice';
import { exactPValue } from '../../metrics/mcnemar';
import { roundFigure } from '../../metrics/rate';
import type { Tell } from './consistency';
import { rateProblems } from './metrics';

interface Compared {
  before: Rate;
  after: Rate;
  comparison: McNemar;
}

/**
 * What in a scan's advice does not follow from its own counts.
 * @param sameWords whether this version wrote it: only then its sentence is known
 */
export function adviceProblems(
  advice: ScanAdvice,
  images: ScanResult['images'],
  pointer: string,
  sameWords: boolean,
  tell: Tell,
): void {
  const { settings = [], labels, sentence } = advice;
  if (settings.length === 0 && !labels) tell.problem('scan', pointer, `\`${pointer}\` contains no advice.`);
  settings.forEach((one, at) => {
    const place = `${pointer}/settings/${at}`;
    comparedProblems(one, images.search + images.measured, place, tell);
    tell.same('scan', `${place}/flags`, one.flags, flagsOf(one), 'scale, mean and std are');
    const better = settings[at - 1];
    // The first is what to take: of several that are alike not always the one with the most images.
    if (better && better.after.hits < one.after.hits && !(at === 1 && isAlike(one, better)))
      tell.problem('scan', place, `\`${place}\` is better than the one before it; the best comes first.`);
  });
  if (labels) comparedProblems(labels, images.measured, `${pointer}/labels`, tell);
  if (sameWords) tell.same('scan', `${pointer}/sentence`, sentence, adviceSentence(advice), 'the figures give');
}

/** The same images twice; what is advised is clearly better on them. */
function comparedProblems(
  { before, after, comparison }: Compared,
  available: number,
  pointer: string,
  tell: Tell,
): void {
  for (const [name, rate] of [
    ['before', before],
    ['after', after],
  ] as const)
    rateProblems(rate, `${pointer}/${name}`, tell);
  tell.same(
    'scan',
    `${pointer}/after/of`,
    after.of,
    before.of,
    'before and after are measured on the same images, so it must be',
  );
  if (before.of > available)
    tell.problem(
      'scan',
      `${pointer}/before/of`,
      `\`${pointer}/before/of\` is ${before.of}, but ${available} images were available.`,
    );
  const { onlyBefore, onlyAfter, pValue } = comparison;
  tell.same('scan', `${pointer}/comparison`, onlyAfter - onlyBefore, after.hits - before.hits, 'the counts differ by');
  const expected = roundFigure(exactPValue(onlyBefore, onlyAfter));
  // Logarithms may differ in their last bits from one engine to another.
  if (Math.abs(pValue - expected) > 1e-6 * Math.max(expected, 1e-300))
    tell.same('scan', `${pointer}/comparison/pValue`, pValue, expected, 'the discordant pairs give');
  if (!clearlyBetter(comparison, before.of))
    tell.problem('scan', pointer, `\`${pointer}\` is not clearly better than what the model was scanned with.`);
}
