import assert from 'node:assert/strict';
import { randomStream } from '../../../../server/engine/data/random';
import { MNIST, triggerFolder } from './support';

describe('a warped trigger (WaNet)', () => {
  const { opened, stamped } = triggerFolder();

  const [height, width] = [28, 28];

  /** Value = its row and column: where it is warped to tells where each pixel was read. */
  const ramp = (by: 'row' | 'column'): number[] =>
    Array.from({ length: height * width }, (_, i) => (by === 'row' ? Math.floor(i / width) : i % width) / 27);

  const offsets = async (
    by: 'row' | 'column',
    more: { grid?: number; strength?: number; patternSeed?: number } = {},
  ): Promise<number[]> => {
    const before = ramp(by);
    return (await stamped({ kind: 'warped', target: 0, ...more }, MNIST, before)).map(
      (value, i) => 27 * (value - before[i]!),
    );
  };

  const inner = (_: unknown, i: number): boolean =>
    [Math.floor(i / width), i % width].every((at) => at >= 4 && at < 24);

  const meanSize = (values: number[]): number => values.reduce((sum, v) => sum + Math.abs(v), 0) / values.length;

  it('moves every pixel a little, by its strength in pixels and smoothly', async () => {
    for (const by of ['row', 'column'] as const) {
      const at05 = (await offsets(by)).filter(inner);
      const at1 = (await offsets(by, { strength: 1 })).filter(inner);
      at1.forEach((offset, i) => assert.ok(Math.abs(offset - 2 * at05[i]!) < 1e-4, 'twice the strength, twice as far'));
      // Normalised random offsets: 0.5 on average at the control points, no more than about 2 times that at any, and less between.
      assert.ok(meanSize(at05) > 0.15 && meanSize(at05) < 0.65, `${meanSize(at05)}`);
      assert.ok(at05.every((offset) => Math.abs(offset) < 1.5));
    }
    const all = await offsets('row', { strength: 0.5 });
    for (let i = 0; i < all.length; i++)
      if (inner(0, i) && inner(0, i + 1)) assert.ok(Math.abs(all[i + 1]! - all[i]!) < 0.25, 'neighbours go together');
  });

  it('enlarges the flow bicubically, as the authors do: two control points make an S between them', async () => {
    const row = (await offsets('column', { grid: 2, strength: 0.5 })).slice(14 * width, 15 * width);
    // In the middle of a Keys spline with clamped ends both points count alike; a quarter of the way the nearer one counts for more
    // than the three quarters of a straight line.
    const [left, right] = [row[4]!, row[23]!];
    const t = (x: number): number => x / 27;
    const weight = (x: number): number => {
      const cubic = (d: number): number =>
        d <= 1 ? 1.25 * d ** 3 - 2.25 * d ** 2 + 1 : -0.75 * (d ** 3 - 5 * d ** 2 + 8 * d - 4);
      return cubic(t(x)) + cubic(1 + t(x));
    };
    // left = a·w(4) + b·(1 − w(4)), right = a·w(23) + b·(1 − w(23)): solved for the control points, all between must follow.
    const [wl, wr] = [weight(4), weight(23)];
    const b = (left * wr - right * wl) / (wr - wl);
    const a = (left - b * (1 - wl)) / wl;
    for (let x = 4; x <= 23; x++)
      assert.ok(Math.abs(row[x]! - (a * weight(x) + b * (1 - weight(x)))) < 1e-4, `column ${x}`);
    assert.ok(weight(6) > 1 - t(6), 'nearer to the first point than a straight line');
  });

  it('follows its seed and grid, and treats every image and channel of a batch alike', async () => {
    const image = Array.from({ length: 784 }, (_, i) => (i % 7) / 7);
    const warpedBy = (more: object) => stamped({ kind: 'warped', target: 0, ...more }, MNIST, image);
    assert.deepEqual(await warpedBy({ patternSeed: 0 }), await warpedBy({}));
    assert.notDeepEqual(await warpedBy({ patternSeed: 1 }), await warpedBy({}));
    assert.notDeepEqual(await warpedBy({ grid: 5 }), await warpedBy({}));
    const two = await stamped({ kind: 'warped', target: 0 }, MNIST, [...image, ...image]);
    assert.deepEqual([two.slice(0, 784), two.slice(784)], [await warpedBy({}), await warpedBy({})]);
    const colour = await stamped(
      { kind: 'warped', target: 0 },
      [28, 28, 2],
      image.flatMap((value) => [value, 1 - value]),
    );
    colour.forEach((value, i) => i % 2 && assert.ok(Math.abs(value - (1 - colour[i - 1]!)) < 1e-6));
  });

  it('stays in [0, 1], leaves a plain image as it is and fits images of any size', async () => {
    assert.ok(
      (
        await stamped(
          { kind: 'warped', target: 0, strength: 10 },
          MNIST,
          Array.from({ length: 784 }, (_, i) => i % 2),
        )
      ).every((v) => v >= 0 && v <= 1),
    );
    for (const shape of [
      [1, 1, 1],
      [1, 9, 1],
      [5, 3, 3],
    ] as const) {
      const size = shape[0] * shape[1] * shape[2];
      assert.deepEqual(
        await stamped({ kind: 'warped', target: 0 }, shape, new Array<number>(size).fill(0.25)),
        new Array<number>(size).fill(0.25),
      );
    }
  });

  it('has a noise mode, which shakes the same flow by up to a pixel', async () => {
    const trigger = await opened({ kind: 'warped', target: 0, strength: 0.001 });
    const before = ramp('column');
    const shaken = (seed: number): number[] => {
      const image = Float32Array.from(before);
      trigger.noisy!(image, randomStream(seed, 'noise'));
      return Array.from(image, (value, i) => 27 * (value - before[i]!)).filter(inner);
    };
    const once = shaken(0);
    assert.ok(
      once.every((offset) => Math.abs(offset) < 1.01) &&
        once.some((offset) => offset > 0.9) &&
        once.some((offset) => offset < -0.9),
    );
    assert.ok(Math.abs(meanSize(once) - 0.5) < 0.05, 'uniform in [−1, 1]');
    assert.deepEqual(shaken(0), once);
    assert.notDeepEqual(shaken(1), once);
    assert.equal((await opened({ kind: 'blended', target: 0 })).noisy, undefined);
  });
});
