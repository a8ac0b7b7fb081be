import type { ScanResult } from '../../protocol/report/scan';
import { checkClean, type CheckedSubject } from './clean-check';
import { checkSearchable, scanModel } from './neural-cleanse/scan';
import { limitsFor, SCAN } from './neural-cleanse/settings';
import { scanSentence } from './neural-cleanse/scan-words';

/**
 * A scan as people ask for it: first how well the model knows the images, since what is found in one that does not says nothing and is
 * not searched, then the search.
 * @throws FinePruneError as `scanModel` does
 */
export async function checkedScan(subject: CheckedSubject): Promise<ScanResult> {
  checkSearchable(subject.model);
  const { cleanAccuracy, nearChance, advice } = await checkClean(subject);
  const known = { cleanAccuracy, ...(advice && { advice }) };
  if (nearChance) return notSearched(subject, known);
  subject.onClean?.(known);
  return { ...(await scanModel(subject)), ...known };
}

/** The result for a model that hardly knows the images. */
function notSearched(
  { model, search, measured, seed, targets }: CheckedSubject,
  known: Pick<ScanResult, 'cleanAccuracy' | 'advice'>,
): ScanResult {
  const isPart = targets !== undefined && targets.length < model.classes;
  const facts: Omit<ScanResult, 'sentence'> = {
    word: 'not measurable',
    flagged: [],
    classes: [],
    limits: limitsFor(model.classes),
    medianNorm: 0,
    images: { search: search.count, measured: measured.count },
    batchSize: SCAN.batchSize,
    steps: 0,
    seeds: [seed],
    ...known,
    ...(isPart && { searched: { classes: [...targets], of: model.classes } }),
  };
  return { ...facts, sentence: scanSentence(facts) };
}
