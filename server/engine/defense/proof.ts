import type { Proof } from '../../protocol/report';
import { inversionOf, type ScanResult } from '../../protocol/scan';
import { boundedSuccess } from '../inversion/bounded';
import { reportedScan, scanModel } from '../inversion/scan';
import type { ScanImages } from '../inversion/scan-images';
import { proofSentence } from '../report/attempt-words';
import { boundsOf } from './repair/held-out';
import type { PassOptions } from './inputs';

interface Setting {
  /** Of the input model; null where none was made. */
  before: ScanResult | null;
  images: ScanImages;
  /** Whether the figures rest on a trigger that somebody knows. */
  known: boolean;
  seed: number;
  pass: PassOptions;
  onProgress: (share: number) => void;
}

/**
 * What speaks for a repair beyond the trigger that it was made with: a scan of the repaired model, all classes anew, and a trigger that is
 * searched afresh, no larger than the one found in the input model. The model's variables hold the repaired model.
 * @throws FinePruneError of kind `cancelled` within one step
 */
export async function prove({ before, images, known, seed, pass, onProgress }: Setting): Promise<Proof> {
  // Other seeds than those of the first scan and of the rounds: the search that chose a repair can't be the one that proves it.
  const own = (seed + 2) % 2 ** 32;
  const scan = await scanModel({ ...pass, ...images, seed: own, wanted: [], onProgress: (done) => onProgress(0.8 * done) });
  const tried = before ? await boundedSuccess(boundsOf(before), images, own, pass, (share) => onProgress(0.8 + 0.2 * share)) : [];
  onProgress(1);
  const bounded = tried.map(({ target, norm, success }) => ({ target, norm, before: inversionOf(before!, target)!.success, after: success }));
  const facts: Omit<Proof, 'sentence'> = { scan: reportedScan(scan), bounded, basis: known ? 'known trigger and fresh inversion' : 'fresh inversion' };
  return { ...facts, sentence: proofSentence(facts) };
}
