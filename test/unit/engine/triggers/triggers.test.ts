import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { PNG, type ColorType } from 'pngjs';
import type { KnownTriggerConfig } from '../../../../server/protocol/config';
import { resolveTrigger } from '../../../../server/engine/config/resolve-config';
import { openTrigger } from '../../../../server/engine/triggers/open-trigger';
import { triggeredInputs } from '../../../../server/engine/triggers/triggered-inputs';
import type { Split } from '../../../../server/engine/data/dataset';
import { openIdx } from '../../../../server/engine/data/formats/idx/open-idx';
import { randomStream } from '../../../../server/engine/data/random';
import { allIndices } from '../../../../server/engine/data/roles';
import { sha256 } from '../../../../server/engine/files/hash';
import { failureOf, idxBytes, mnistFile, temporaryFolder } from '../../../harness/files';

type Shape = readonly [number, number, number];
const MNIST: Shape = [28, 28, 1];

describe('triggers', () => {
  const folder = temporaryFolder();
  const resolve = async (relative: string) => path.join(folder.path, relative);
  const opened = (trigger: KnownTriggerConfig, shape: Shape = MNIST, classes = 10) =>
    openTrigger(resolveTrigger(trigger), shape, classes, resolve, 1 / 255);
  const stamped = async (trigger: KnownTriggerConfig, shape: Shape, pixels: number[]) => {
    const image = Float32Array.from(pixels);
    (await opened(trigger, shape)).stamp(image);
    return Array.from(image);
  };
  /** RGBA in, PNG out. */
  const png = (name: string, width: number, height: number, rgba: number[], colorType: ColorType = 6) => {
    const picture = new PNG({ width, height });
    picture.data = Buffer.from(rgba);
    return folder.write(name, PNG.sync.write(picture, { colorType }));
  };

  describe('patch', () => {
    it('is a white 3×3 square in rows and columns 24 to 26 of an MNIST image by default', async () => {
      const image = new Float32Array(784).fill(0.5);
      (await opened({ kind: 'patch', target: 0 })).stamp(image);
      image.forEach((value, i) => {
        const inside = [24, 25, 26].includes(Math.floor(i / 28)) && [24, 25, 26].includes(i % 28);
        assert.equal(value, inside ? 1 : 0.5, `pixel ${i}`);
      });
    });

    it('is stamped on every image of a batch', async () => {
      const one = await stamped(
        { kind: 'patch', target: 0, size: [1, 1], right: 0, bottom: 0 },
        [2, 2, 1],
        [0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5],
      );
      assert.deepEqual(one, [0, 0, 0, 1, 0.5, 0.5, 0.5, 1]);
    });

    it('has size, place and colour', async () => {
      const out = await stamped(
        { kind: 'patch', target: 0, size: [1, 2], left: 1, top: 0, value: [0.25, 0.5, 0.75] },
        [2, 3, 3],
        new Array<number>(18).fill(0),
      );
      assert.deepEqual(out, [0, 0, 0, 0.25, 0.5, 0.75, 0.25, 0.5, 0.75, ...new Array<number>(9).fill(0)]);
    });

    it('can be an image, its transparent pixels leaving the input as it is', async () => {
      await png('patch.png', 2, 1, [255, 0, 51, 255, 255, 255, 255, 0]);
      const out = await stamped(
        { kind: 'patch', target: 0, image: 'patch.png', left: 0, top: 0 },
        [1, 2, 3],
        [0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
      );
      assert.deepEqual(out, [1, 0, Math.fround(0.2), 0.5, 0.5, 0.5]);
      const { files } = await opened({ kind: 'patch', target: 0, image: 'patch.png', left: 0, top: 0 }, [1, 2, 3]);
      assert.deepEqual(files, [
        { path: 'patch.png', sha256: sha256(await readFile(path.join(folder.path, 'patch.png'))) },
      ]);
    });

    it('mixes where the image is half transparent, and takes grayscale for one channel', async () => {
      await png('patch.png', 1, 1, [255, 255, 255, 51]);
      assert.deepEqual(
        await stamped({ kind: 'patch', target: 0, image: 'patch.png', left: 0, top: 0 }, [1, 1, 1], [0.5]),
        [Math.fround(0.8 * 0.5 + 0.2)],
      );
    });

    it('must fit the image', async () => {
      await failureOf('trigger.doesNotFit', () => opened({ kind: 'patch', target: 0, size: [29, 3] }));
      const failure = await failureOf('trigger.doesNotFit', () =>
        opened({ kind: 'patch', target: 0, size: [3, 3], right: 26 }),
      );
      assert.match(failure.message, /28×28/);
      await opened({ kind: 'patch', target: 0, size: [3, 3], right: 25, bottom: 25 });
      await failureOf('trigger.doesNotFit', () => opened({ kind: 'patch', target: 0, size: [1e9, 1e9] }));
      await failureOf('trigger.value', () => opened({ kind: 'patch', target: 0, value: [1, 1, 1] }));
      await png('patch.png', 30, 1, new Array<number>(120).fill(255));
      await failureOf('trigger.imageSize', () => opened({ kind: 'patch', target: 0, image: 'patch.png' }));
      await failureOf('trigger.imageSize', () =>
        opened({ kind: 'patch', target: 0, image: 'patch.png', size: [2, 2] }),
      );
    });
  });

  describe('blended', () => {
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

  describe('sinusoidal (SIG)', () => {
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

  describe('warped (WaNet)', () => {
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
        at1.forEach((offset, i) =>
          assert.ok(Math.abs(offset - 2 * at05[i]!) < 1e-4, 'twice the strength, twice as far'),
        );
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

  it('refuse a target that the model does not have', async () => {
    for (const kind of ['patch', 'blended', 'sinusoidal', 'warped'] as const) {
      const failure = await failureOf('trigger.target', () => opened({ kind, target: 10 }));
      assert.equal(failure.place, '/trigger/target');
      assert.match(failure.message, /10 classes, 0 to 9/);
    }
  });

  describe('images', () => {
    const patch = (image = 'patch.png'): KnownTriggerConfig => ({ kind: 'patch', target: 0, image, left: 0, top: 0 });
    const white = () => png('patch.png', 3, 3, new Array<number>(36).fill(255));
    const chunk = (type: string, data: Uint8Array) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(data.length);
      return Buffer.concat([length, Buffer.from(type, 'latin1'), data, Buffer.alloc(4)]);
    };

    it('are refused when missing, no PNG, cut off, too large or a folder', async () => {
      await failureOf('trigger.imageMissing', () => opened(patch('none.png')));
      await folder.write('text.png', 'this is a text and not a picture, and long enough');
      await failureOf('trigger.imageFormat', () => opened(patch('text.png')));
      const bytes = await readFile(await white());
      await folder.write('patch.png', bytes.subarray(0, bytes.length - 20));
      await failureOf('trigger.imageDamaged', () => opened(patch()));
      await folder.write('patch.png', Buffer.concat([bytes, Buffer.alloc(17 << 20)]));
      await failureOf('trigger.imageTooLarge', () => opened(patch()));
      await failureOf('trigger.imageTooLarge', () => opened(patch('.')));
    });

    it('are refused by their declared size before they are decoded', async () => {
      const bytes = await readFile(await white());
      bytes.writeUInt32BE(0x7fffffff, 16);
      bytes.writeUInt32BE(0x7fffffff, 20);
      await folder.write('patch.png', bytes);
      await failureOf('trigger.imageSize', () => opened(patch()));
    });

    it('are refused when interlaced or with a second header, which the decoder would inflate without a limit', async () => {
      const bytes = await readFile(await white());
      const interlaced = Buffer.from(bytes);
      interlaced[28] = 1;
      await folder.write('patch.png', interlaced);
      await failureOf('trigger.imageInterlaced', () => opened(patch()));
      const second = Buffer.concat([
        bytes.subarray(0, 33),
        chunk('IHDR', interlaced.subarray(16, 29)),
        chunk('IDAT', deflateSync(Buffer.alloc(1 << 20))),
        bytes.subarray(33),
      ]);
      await folder.write('patch.png', second);
      await failureOf('trigger.imageDamaged', () => opened(patch()));
    });

    it('must match the channels: no colour on grayscale, grayscale on RGB is fine, nothing on others', async () => {
      await png('patch.png', 1, 1, [255, 0, 0, 255]);
      await failureOf('trigger.imageChannels', () => opened(patch()));
      await failureOf('trigger.imageChannels', () => opened(patch(), [28, 28, 4]));
      await png('patch.png', 1, 1, [51, 51, 51, 255], 0);
      const fifth = Math.fround(0.2);
      assert.deepEqual(await stamped(patch(), [1, 1, 3], [0, 0, 0]), [fifth, fifth, fifth]);
    });
  });

  describe('the triggered inputs', () => {
    const test = async () => openIdx(mnistFile('t10k-images-idx3-ubyte'), mnistFile('t10k-labels-idx1-ubyte'), 1 / 255);

    it('are all 9,020 MNIST test images that are not of the target, stamped', async () => {
      const split = await test();
      const inputs = triggeredInputs(await opened({ kind: 'patch', target: 0 }), {
        split,
        indices: allIndices(split.count),
      });
      assert.equal(inputs.count, 9020);
      assert.equal(inputs.excluded, 980);
      assert.ok(inputs.labels.every((label, i) => label !== 0 && label === split.labels[inputs.testIndex[i]!]));
      const position = 3;
      const clean = split.pixels([inputs.testIndex[position]!]);
      const triggered = inputs.pixels([position]);
      assert.equal(triggered[24 * 28 + 24], 1);
      assert.equal(triggered.filter((value, i) => value !== clean[i]).length, 9);
      assert.deepEqual(split.pixels([inputs.testIndex[position]!]), clean, 'the test set stays clean');
      assert.throws(() => inputs.pixels([9020]), RangeError);
    });

    it('come from the subset that is tested', async () => {
      const split = await test();
      const inputs = triggeredInputs(await opened({ kind: 'patch', target: 1 }), {
        split,
        indices: Int32Array.of(0, 2, 5, 9),
      });
      // Labels 7, 1, 1, 9.
      assert.deepEqual(Array.from(inputs.testIndex), [0, 9]);
    });

    const small: Split = {
      count: 2,
      shape: [1, 2, 1],
      labels: Int32Array.of(0, 0),
      pixels: (indices) => new Float32Array(2 * indices.length),
    };
    const view = { split: small, indices: Int32Array.of(0, 1) };

    it('must be more than none', async () => {
      await failureOf('trigger.noInputs', async () =>
        triggeredInputs(await opened({ kind: 'sinusoidal', target: 0 }, [1, 2, 1]), view),
      );
    });

    it("can be the person's own samples, those of the target left out, not stamped again", async () => {
      await folder.write('images', idxBytes(8, [3, 1, 2], [255, 0, 51, 51, 0, 255]));
      await folder.write('labels', idxBytes(8, [3], [1, 0, 2]));
      const samples: KnownTriggerConfig = { kind: 'samples', target: 0, images: 'images', labels: 'labels' };
      const trigger = await opened(samples, [1, 2, 1], 3);
      const inputs = triggeredInputs(trigger, view);
      assert.deepEqual([inputs.kind, inputs.count, inputs.excluded], ['samples', 2, 1]);
      assert.deepEqual(Array.from(inputs.labels), [1, 2]);
      assert.deepEqual(Array.from(inputs.testIndex), [-1, -1]);
      assert.deepEqual(Array.from(inputs.pixels([1, 0])), [0, 1, 1, 0]);
      assert.deepEqual(
        trigger.files.map((file) => file.path),
        ['images', 'labels'],
      );
      await failureOf('trigger.samples', () => trigger.stamp(new Float32Array(2)));
      await failureOf('data.labelOutOfRange', () => opened(samples, [1, 2, 1], 2));
      await failureOf('data.shapeMismatch', () => opened(samples, [2, 1, 1], 3));
      await failureOf('trigger.target', () => opened({ ...samples, target: 3 }, [1, 2, 1], 3));
      const missing = await failureOf('data.missing', () => opened({ ...samples, labels: 'none' }, [1, 2, 1], 3));
      assert.match(missing.message, /triggered labels/);
    });
  });
});
