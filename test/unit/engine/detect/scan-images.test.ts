import assert from 'node:assert/strict';
import { scanImagesOf } from '../../../../server/engine/detect/scan-images';
import type { Roles } from '../../../../server/engine/data/dataset';

describe('the images of a scan', () => {
  const labels = (count: number, classes: number): Int32Array =>
    Int32Array.from({ length: count }, (_, i) => i % classes);
  const roles = (fineTune: Int32Array, holdout: Int32Array): Roles => {
    const view = (given: Int32Array) => ({
      split: { labels: given, count: given.length } as Roles['test']['split'],
      indices: Int32Array.from(given.keys()),
    });
    return { fineTune: view(fineTune), holdout: view(holdout) } as Roles;
  };
  const refused = (fineTune: Int32Array, holdout: Int32Array): string | null => {
    try {
      scanImagesOf(roles(fineTune, holdout), 0, 'idx');
      return null;
    } catch (error) {
      const { code, place } = error as { code: string; place: string };
      return `${code} ${place}`;
    }
  };

  it('are enough to search on, and enough to measure on', () => {
    assert.equal(refused(labels(60, 2), labels(30, 2)), null);
    assert.equal(refused(labels(20, 2), labels(25, 2)), 'scan.tooFewImages /data/train/images');
    assert.equal(refused(labels(60, 1), labels(30, 2)), 'scan.tooFewImages /data/train/images');
    assert.equal(refused(labels(600, 2), labels(10, 2)), 'scan.tooFewImages /data/holdout');
    assert.equal(refused(labels(600, 2), labels(300, 1)), 'scan.tooFewImages /data/holdout');
  });
});
