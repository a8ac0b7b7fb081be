import { methodOf, type ScanResult, type ScanWord, type Suspect } from '../../protocol/report/scan';
import { count, percent } from '../../protocol/words';
import type { Found } from './detector';

/** What decides, the most serious first. */
const ORDER: readonly ScanWord[] = ['suspicious', 'nothing found', 'not measurable'];

/** The answer of a scan: one word, one text, and which classes are suspected. */
export type Decision = Pick<ScanResult, 'word' | 'sentence' | 'suspects'>;

/**
 * One answer from what all detectors found. A class is suspected if any detector suspects it, its score is the highest of theirs, and those
 * of the first detector come first. Nothing was found only where at least one detector could look.
 * @param found at least one
 */
export function decide(found: readonly Found[]): Decision {
  const bySeriousness = [...found].sort((a, b) => ORDER.indexOf(a.word) - ORDER.indexOf(b.word));
  return {
    word: bySeriousness[0]!.word,
    sentence: bySeriousness.map(({ sentence }) => sentence).join(' '),
    suspects: merged(found),
  };
}

/** What is suspected, each once, with the methods that suspect it. */
function merged(found: readonly Found[]): Suspect[] {
  const suspects: Suspect[] = [];
  for (const { evidence, suspects: own } of found) {
    for (const one of own) {
      const known = suspects.find(({ target, source }) => target === one.target && source === one.source);
      if (!known) suspects.push({ ...one, methods: [methodOf(evidence)] });
      else {
        known.score = Math.max(known.score, one.score);
        known.methods.push(methodOf(evidence));
      }
    }
  }
  return suspects;
}

/** The answer for a model that hardly knows the images, which is not searched: the accuracy, and what to do. */
export function notSearched({ cleanAccuracy, advice }: Pick<ScanResult, 'cleanAccuracy' | 'advice'>): Decision {
  const figures = cleanAccuracy
    ? `the model classifies ${percent(cleanAccuracy.rate)} of ${count(cleanAccuracy.of)} clean images as labelled (95 %: ${percent(cleanAccuracy.low)} to ${percent(cleanAccuracy.high)})`
    : 'the model cannot classify these images';
  return {
    word: 'not measurable',
    sentence: `Not measurable: ${figures}, hardly better than guessing, so no trigger was searched for: a scan says nothing about a model that cannot classify these images. ${advice?.sentence ?? 'Check that labels, scale, mean and std are those the model was trained with.'}`,
    suspects: [],
  };
}
