import assert from 'node:assert/strict';
import { reportedScan } from '../../../../server/engine/detect/reported';
import { rate } from '../../../../server/engine/metrics/rate';
import { inversions, type ScanResult } from '../../../../server/protocol/report/scan';

describe('what a report holds of a scan of many classes', () => {
  it('is the estimates of flagged classes and of the class that was measured with', () => {
    const estimate = { mask: 'A'.repeat(2000), pattern: 'A'.repeat(2000) };
    const classes = Array.from({ length: 43 }, (_, target) => ({
      target,
      norm: 60,
      screened: 60,
      share: 1,
      anomalyIndex: 0,
      success: rate(98, 100),
      steps: 120,
      flagged: target === 5,
      estimate,
    }));
    const scan: ScanResult = {
      word: 'suspicious',
      sentence: '',
      suspects: [{ target: 5, score: 2, methods: ['neural-cleanse'] }],
      images: { search: 400, measured: 1500 },
      evidence: [
        {
          method: 'neural-cleanse',
          medianNorm: 60,
          limits: { index: 2, share: 0.4 },
          batchSize: 16,
          steps: 120,
          seeds: [0],
          classes,
        },
      ],
    };
    const kept = (target?: number): number[] =>
      inversions(reportedScan(scan, target))
        .filter((one) => one.estimate)
        .map((one) => one.target);
    assert.deepEqual([kept(), kept(11), kept(5)], [[5], [5, 11], [5]]);
  });
});
