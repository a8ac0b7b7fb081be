import assert from 'node:assert/strict';
import { anomalies } from '../../../../../server/engine/detect/neural-cleanse/anomaly';

describe('the anomaly index', () => {
  it('is that of Neural Cleanse on a logarithmic scale, positive for small masks', () => {
    const norms = [7, 56, 70, 77, 140];
    const { median, shares, indices } = anomalies(norms);
    assert.equal(median, 70);
    assert.equal(shares[0], 0.1);
    // Deviations ln 10, ln 1.25, 0, ln 1.1, ln 2: their median is ln 1.25.
    assert.ok(Math.abs(indices[0]! - Math.log(10) / (1.4826 * Math.log(1.25))) < 1e-12);
    assert.equal(indices[2], 0);
    assert.ok(indices[4]! < 0);
  });

  it('exceeds its limit for a tiny mask even where honest masks differ much', () => {
    // The paper's own, of the sizes: 79 / (1.4826 · 35) = 1.5.
    const { indices } = anomalies([1, 30, 45, 60, 75, 85, 100, 115, 140, 180]);
    assert.ok(indices[0]! > 4, `${indices[0]}`);
    assert.ok(indices.slice(1).every((index) => index < 2));
    assert.ok(Number.isFinite(anomalies([0, 30, 45, 60]).indices[0]));
  });

  it('does not make an anomaly of a mask that hardly differs from masks of one size', () => {
    const { indices } = anomalies([98, 100, 100, 100, 100, 100, 100, 100, 100, 100]);
    assert.ok(indices[0]! < 1.1, `${indices[0]}`);
    assert.ok(anomalies([0, 0]).indices.every((index) => index === 0));
  });
});
