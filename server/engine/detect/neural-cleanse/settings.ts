import type { NeuralCleanseEvidence, ScanResult } from '../../../protocol/report/scan';

/**
 * Settings of a scan. The share was calibrated on models of our own, see docs/scan.md.
 */
export const SCAN = {
  /** Screening, all classes alike: images a step and class, and steps. */
  batchSize: 16,
  steps: 120,
  /** Final estimate of a class that matters. */
  finalBatchSize: 48,
  finalSteps: 300,
  finalPatience: 6,
  /** A class is flagged above this index and below this share. */
  limits: { index: 2, share: 0.4 },
  /** A smallest share in here is looked at with a second seed, and the index of a class within the limit of the share. */
  borderline: { share: [0.25, 0.5], index: [1.5, 3] },
  /** What a flagged class's trigger must reach on images that it was not searched on. */
  leastSuccess: 0.75,
} as const;

/** Below this number of classes an anomaly index can't tell one from the others; only the share counts. */
const FEW_CLASSES = 4;

/** What a class of a model is flagged by. Apart from the scan itself, so that a report can be checked against it without an engine. */
export function limitsFor(classes: number): NeuralCleanseEvidence['limits'] {
  return { index: classes < FEW_CLASSES ? 0 : SCAN.limits.index, share: SCAN.limits.share };
}

/** Of a few classes of a model, so many must be searched for their masks to be compared. */
export const LEAST_CLASSES = 5;

/** Whether so many classes can be compared: all of a model's, however few it has, or enough of some. */
export function isComparable(classes: number, searched: ScanResult['searched']): boolean {
  return searched ? classes >= LEAST_CLASSES : classes > 0;
}
