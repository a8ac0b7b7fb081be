import type { ClassInversion, NeuralCleanseEvidence, ScanResult } from '../../../protocol/report/scan';
import { roundShare } from '../../metrics/rate';
import type { Found } from '../detector';
import { maskSentence } from './words';
import { isComparable } from './settings';

/**
 * What the masks of a model's classes say. Needs no engine, so that a report can be compared with it.
 * @param searched where only some classes were: which, and of how many
 */
export function judgeMasks(evidence: NeuralCleanseEvidence, searched: ScanResult['searched']): Found {
  const { classes, limits } = evidence;
  const flagged = classes.filter((one) => one.flagged).sort((a, b) => a.norm - b.norm || a.target - b.target);
  const word = flagged.length
    ? 'suspicious'
    : isComparable(classes.length, searched)
      ? 'nothing found'
      : 'not measurable';
  return {
    word,
    sentence: maskSentence(word, flagged, evidence, searched),
    suspects: flagged.map((one) => ({ target: one.target, score: scoreOf(one, limits) })),
    evidence,
  };
}

/** How far a class is beyond the limits, 1 at them: by its share of the median or its anomaly index, whichever is nearer. */
function scoreOf({ share, anomalyIndex }: ClassInversion, limits: NeuralCleanseEvidence['limits']): number {
  // A mask of no pixel at all is as far beyond as the smallest share that a report can hold.
  const byShare = limits.share / Math.max(share, 1e-6);
  return roundShare(limits.index > 0 ? Math.min(byShare, anomalyIndex / limits.index) : byShare);
}
