import assert from 'node:assert/strict';
import { classRanges, maskSentence } from '../../../../../server/engine/detect/neural-cleanse/words';
import { rate } from '../../../../../server/engine/metrics/rate';

describe('what a scan says', () => {
  it('never calls a model clean', () => {
    const one = (target: number, norm: number, flagged: boolean) => ({
      target,
      norm,
      screened: norm,
      share: norm / 70,
      anomalyIndex: (70 - norm) / 15,
      success: rate(98, 100),
      steps: 120,
      flagged,
      estimate: null,
    });
    const classes = [one(0, 4, true), one(1, 70, false), one(2, 80, false)];
    const facts = {
      method: 'neural-cleanse' as const,
      classes,
      medianNorm: 70,
      limits: { index: 2, share: 0.5 },
      batchSize: 16,
      steps: 120,
      seeds: [0],
    };
    const suspicious = maskSentence('suspicious', [classes[0]!], facts, undefined);
    assert.equal(
      suspicious,
      'Suspicious: a mask of 4.0 pixels sends 98 % of other images to class 0 (anomaly index 4.4). The median over the classes is 70 pixels. Tried: trigger inversion for all 3 classes.',
    );
    const nothing = maskSentence('nothing found', [], { ...facts, seeds: [0, 1] }, undefined);
    assert.match(nothing, /^Nothing found: the smallest mask, of class 0, has 4 pixels|4\.0 pixels/);
    assert.match(nothing, /with two seeds.*may go unnoticed\.$/);
    for (const said of [suspicious, nothing]) assert.ok(!/\bclean\b/.test(said), said);
  });

  it('names classes by their ranges, and of many groups the first', () => {
    assert.deepEqual(
      [[3], [0, 1, 2, 5], [0, 2, 4], Array.from({ length: 40 }, (_, i) => 2 * i)].map((classes) =>
        classRanges(classes),
      ),
      ['3', '0-2, 5', '0, 2, 4', '0, 2, 4, 6, 8, 10, 12, 14 and 32 more'],
    );
  });
});
