import assert from 'node:assert/strict';
import { failureOf } from '../../../harness/files';
import { MNIST, triggerFolder } from './support';

describe('a blended trigger', () => {
  const { opened, stamped, png } = triggerFolder();

  const black = new Array<number>(784).fill(0);

  it('mixes uniform noise of its seed, alpha 0.2 by default', async () => {
    const noise = await stamped({ kind: 'blended', target: 0, alpha: 1 }, MNIST, black);
    const mixed = await stamped({ kind: 'blended', target: 0 }, MNIST, new Array<number>(784).fill(1));
    mixed.forEach((value, i) => assert.ok(Math.abs(value - (0.8 + 0.2 * noise[i]!)) < 1e-6));
    assert.ok(noise.every((value) => value >= 0 && value < 1));
    const mean = noise.reduce((sum, value) => sum + value, 0) / 784;
    assert.ok(Math.abs(mean - 0.5) < 0.05, `mean of uniform noise, ${mean}`);
    assert.deepEqual(await stamped({ kind: 'blended', target: 0, alpha: 1, patternSeed: 0 }, MNIST, black), noise);
    assert.notDeepEqual(await stamped({ kind: 'blended', target: 0, alpha: 1, patternSeed: 1 }, MNIST, black), noise);
  });

  it('is the same for each image of a batch', async () => {
    const two = await stamped({ kind: 'blended', target: 0 }, MNIST, [...black, ...black]);
    assert.deepEqual(two.slice(784), two.slice(0, 784));
  });

  it('takes a pattern of the size of the input', async () => {
    await png('pattern.png', 2, 1, [255, 255, 255, 255, 51, 51, 51, 255], 0);
    const out = await stamped({ kind: 'blended', target: 0, alpha: 0.5, image: 'pattern.png' }, [1, 2, 1], [0, 1]);
    assert.deepEqual(out, [0.5, Math.fround(0.6)]);
    await failureOf('trigger.imageSize', () => opened({ kind: 'blended', target: 0, image: 'pattern.png' }));
  });
});
