import assert from 'node:assert/strict';
import type { CheckedSubject } from '../../../../server/engine/detect/clean-check';
import { scanKey } from '../../../../server/engine/detect/scan-cache';

describe('the key of a scan that is kept', () => {
  it('has the images of the scan in it, with the engine and the processor that computes', () => {
    const source = (value: number) => ({
      count: 600,
      labels: new Int32Array(600),
      pixels: (at: ArrayLike<number>) => new Float32Array(4 * at.length).fill(value),
    });
    const subject = {
      model: { hashes: { topology: 'a', weights: 'b' } },
      normalisation: { mean: [0], std: [1] },
      scale: 1 / 255,
      search: source(0),
      measured: source(0.5),
      seed: 0,
      wanted: [],
    } as unknown as CheckedSubject;
    const engine = { name: 'native' as const, version: '1', threads: 1, oneDnn: true, cpuFeatures: ['avx2'] };
    const key = scanKey(subject, engine);
    assert.equal(scanKey({ ...subject }, { ...engine }), key);
    assert.notEqual(scanKey({ ...subject, targets: [0, 1] }, engine), key);
    const others = [
      scanKey({ ...subject, measured: source(0.25) }, engine),
      scanKey({ ...subject, search: { ...source(0), labels: new Int32Array(600).fill(1) } }, engine),
      scanKey(subject, { ...engine, cpuFeatures: ['avx512f'] }),
    ];
    assert.equal(new Set([key, ...others]).size, 4);
  });
});
