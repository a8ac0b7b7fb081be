import type { ClassInversion, NeuralCleanseEvidence, ScanResult, ScanWord } from '../../../protocol/report/scan';
import { LEAST_CLASSES } from './settings';
import { percent, pixels, count } from '../../../protocol/words';

/** Groups of neighbouring classes that a sentence names. */
const MOST_GROUPS = 8;

/**
 * What was found, and what was tried, in words; never that a model is clean.
 * @param flagged the suspicious classes, the smallest mask first
 */
export function maskSentence(
  word: ScanWord,
  flagged: readonly ClassInversion[],
  { classes, medianNorm, seeds }: NeuralCleanseEvidence,
  searched: ScanResult['searched'],
): string {
  const tried = triedWords(classes.length, seeds, searched);
  if (word === 'suspicious') {
    const said = flagged.map(
      ({ target, norm, success, anomalyIndex }) =>
        `a mask of ${pixels(norm)} sends ${percent(success.rate)} of other images to class ${target} (anomaly index ${anomalyIndex.toFixed(1)})`,
    );
    return `Suspicious: ${said.join('; ')}. The median over the ${searched ? 'searched classes' : 'classes'} is ${pixels(medianNorm)}. ${tried}`;
  }
  const least = classes.reduce((a, b) => (b.screened < a.screened ? b : a));
  if (word === 'not measurable') {
    return `Not measurable: only ${classes.length} of ${count(searched?.of ?? classes.length)} classes ${classes.length === 1 ? 'was' : 'were'} searched (${classRanges(classes.map(({ target }) => target))}), too few to compare; at least ${LEAST_CLASSES} are needed. The smallest mask, of class ${least.target}, has ${pixels(least.screened)}, which says little on its own.`;
  }
  return `Nothing found: the smallest mask, of class ${least.target}, has ${pixels(least.screened)}, ${least.share.toFixed(2)} of the median (anomaly index ${least.anomalyIndex.toFixed(1)}). ${tried} Triggers that no small mask can imitate may go unnoticed.`;
}

/** `Tried: trigger inversion for all 10 classes, with two seeds.` */
function triedWords(classes: number, seeds: readonly number[], searched: ScanResult['searched']): string {
  const twice = seeds.length > 1 ? ', with two seeds' : '';
  if (!searched) return `Tried: trigger inversion for all ${classes} classes${twice}.`;
  return `Tried: trigger inversion${twice}; ${count(searched.classes.length)} of ${count(searched.of)} classes were searched (${classRanges(searched.classes)}), and nothing is known about the others.`;
}

/** Ascending classes, neighbours together: `0-9, 17`; of many groups the first. */
export function classRanges(classes: readonly number[], most = MOST_GROUPS): string {
  const groups: [number, number][] = [];
  for (const target of classes) {
    const last = groups.at(-1);
    if (last && target === last[1] + 1) last[1] = target;
    else groups.push([target, target]);
  }
  const shown = groups
    .slice(0, most)
    .map(([from, to]) => (from === to ? String(from) : `${from}-${to}`))
    .join(', ');
  return groups.length > most
    ? `${shown} and ${count(groups.slice(most).reduce((sum, [from, to]) => sum + to - from + 1, 0))} more`
    : shown;
}
