import assert from 'node:assert/strict';
import { encodeEstimate, decodeEstimate } from '../../../../../server/engine/triggers/estimate';
import { MaskSearch } from '../../../../../server/engine/detect/neural-cleanse/mask-search';
import { stampMask } from '../../../../../server/engine/triggers/mask';
import { randomStream } from '../../../../../server/engine/data/random';

describe('the search for a mask', () => {
  // A "model" whose loss is known: the mean of the stamped pixel 5 has to become large.
  const search = (bound: number | null): MaskSearch => {
    const found = new MaskSearch(0, [4, 4, 1], randomStream(1, 'test'), bound);
    const images = new Float32Array(16 * 8).fill(0.2);
    const stamped = new Float32Array(images.length);
    for (let step = 0; step < 400; step++) {
      found.stamp(images, stamped);
      const gradient = Float32Array.from(stamped, (value, i) => (i % 16 === 5 ? -4 * Math.max(0, 1 - value) : 0));
      found.step(images, gradient, stamped[5]! > 0.8 ? 8 : 0);
    }
    return found;
  };

  it('keeps the one pixel that matters, and takes the others away', () => {
    const { best } = search(null);
    assert.ok(best && best.norm < 1.5, `${best?.norm}`);
    assert.ok(best.mask[5]! > 0.7 && best.pattern[5]! > 0.8);
  });

  it('stays within a bound', () => {
    const { best } = search(2);
    assert.ok(best && best.norm <= 2, `${best?.norm}`);
  });

  it('is written as bytes, whose norm is what is reported', () => {
    const { best } = search(null);
    const decoded = decodeEstimate(encodeEstimate(best!), [4, 4, 1]);
    assert.ok(Math.abs(decoded.norm - best!.norm) < 16 / 510 + 1e-6);
    const again = decodeEstimate(encodeEstimate(decoded), [4, 4, 1]);
    assert.deepEqual(again, decoded);
    const image = new Float32Array(16).fill(0.5);
    stampMask(decoded, 1, image, image);
    assert.ok(image[5]! > 0.7 && Math.abs(image[0]! - 0.5) < 0.2);
  });
});
