import { inversions, isNeuralCleanse, type ScanResult } from '../../protocol/report/scan';

/** Bytes of estimates that a report may hold beside those of suspicious classes. */
export const MOST_ESTIMATE_BYTES = 65_536;

/**
 * What a report holds of a scan: estimates of all classes where they are small, else of those that matter.
 * @param target class of the trigger that a run measures with: its estimate is needed to measure again
 */
export function reportedScan(scan: ScanResult, target: number | null = null): ScanResult {
  const bytes = inversions(scan).reduce(
    (sum, { estimate }) => sum + (estimate ? estimate.mask.length + estimate.pattern.length : 0),
    0,
  );
  if (bytes <= MOST_ESTIMATE_BYTES) return scan;
  return {
    ...scan,
    evidence: scan.evidence.map((one) =>
      isNeuralCleanse(one)
        ? {
            ...one,
            classes: one.classes.map((found) =>
              found.flagged || found.target === target ? found : { ...found, estimate: null },
            ),
          }
        : one,
    ),
  };
}
