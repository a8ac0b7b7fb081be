import type { ScanResult } from '../../protocol/report/scan';
import { checkClean, type CheckedSubject } from './clean-check';
import { notSearched } from './decide';
import { checkSearchable, scanModel } from './scan';

/**
 * A scan as people ask for it: first how well the model knows the images, since what is found in one that does not says nothing and is
 * not searched, then the search.
 * @throws FinePruneError as `scanModel` does
 */
export async function checkedScan(subject: CheckedSubject): Promise<ScanResult> {
  checkSearchable(subject.model);
  const { cleanAccuracy, nearChance, advice } = await checkClean(subject);
  const known = { cleanAccuracy, ...(advice && { advice }) };
  if (nearChance) return unsearched(subject, known);
  subject.onClean?.(known);
  return { ...(await scanModel(subject)), ...known };
}

/** The result for a model that hardly knows the images. */
function unsearched(
  { model, search, measured, targets }: CheckedSubject,
  known: Pick<ScanResult, 'cleanAccuracy' | 'advice'>,
): ScanResult {
  const isPart = targets !== undefined && targets.length < model.classes;
  return {
    ...notSearched(known),
    ...known,
    images: { search: search.count, measured: measured.count },
    ...(isPart && { searched: { classes: [...targets], of: model.classes } }),
    evidence: [],
  };
}
