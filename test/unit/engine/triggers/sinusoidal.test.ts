import assert from 'node:assert/strict';
import { triggerFolder } from './support';

describe('a sinusoidal trigger (SIG)', () => {
  const { stamped } = triggerFolder();

  it('adds amplitude·sin(2π·column·frequency/width), the same in every row and channel, and clips', async () => {
    const [height, width, channels] = [2, 8, 2];
    const out = await stamped(
      { kind: 'sinusoidal', target: 0 },
      [height, width, channels],
      new Array<number>(32).fill(0.5),
    );
    out.forEach((value, i) => {
      const column = Math.floor(i / channels) % width;
      assert.ok(Math.abs(value - (0.5 + (40 / 255) * Math.sin((2 * Math.PI * column * 6) / width))) < 1e-6);
    });
    const clipped = await stamped(
      { kind: 'sinusoidal', target: 0, amplitude: 1, frequency: 1 },
      [1, 4, 1],
      [0.5, 0.5, 0.5, 0.5],
    );
    [0.5, 1, 0.5, 0].forEach((value, i) => assert.ok(Math.abs(clipped[i]! - value) < 1e-6));
  });
});
