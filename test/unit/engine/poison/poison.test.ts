import assert from 'node:assert/strict';
import { resolveTrigger } from '../../../../server/engine/config/resolve-config';
import { openTrigger } from '../../../../server/engine/triggers/open-trigger';
import { poisonedSplit } from '../../../../server/engine/poison/poison';
import type { Split } from '../../../../server/engine/data/dataset';
import { openIdx } from '../../../../server/engine/data/formats/idx/open-idx';
import { failureOf, idxBytes, mnistFile, temporaryFolder } from '../../../harness/files';

const BYTES = { format: 'idx', scale: 1 / 255 } as const;
const noFiles = async (): Promise<string> => assert.fail('this trigger needs no file');
const patch = (target: number, shape: readonly [number, number, number]) =>
  openTrigger(resolveTrigger({ kind: 'patch', target, size: [1, 1], right: 0, bottom: 0 }), shape, 10, noFiles, BYTES);
const gray = (count: number): Split => ({
  count,
  shape: [1, 2, 1],
  labels: Int32Array.from({ length: count }, (_, i) => i % 10),
  pixels: (indices) => new Float32Array(2 * indices.length).fill(0.5),
});

describe('poisoning', () => {
  it('stamps and relabels the share that is asked for, and nothing else', async () => {
    const clean = gray(1000);
    const { split, poisoned, count, ofTarget } = poisonedSplit({
      split: clean,
      trigger: await patch(3, clean.shape),
      poisonRate: 0.1,
      seed: 0,
    });
    assert.equal(count, 100);
    assert.equal(
      poisoned.reduce((sum, flag) => sum + flag, 0),
      100,
    );
    const before = Int32Array.from({ length: 1000 }, (_, i) => i % 10);
    assert.deepEqual(clean.labels, before, 'the clean set keeps its labels');
    split.labels.forEach((label, i) => assert.equal(label, poisoned[i] ? 3 : before[i]));
    const all = Int32Array.from({ length: 1000 }, (_, i) => i);
    const pixels = split.pixels(all);
    all.forEach((i) =>
      assert.deepEqual(Array.from(pixels.subarray(2 * i, 2 * i + 2)), poisoned[i] ? [0.5, 1] : [0.5, 0.5]),
    );
    assert.equal(ofTarget, before.filter((label, i) => label === 3 && poisoned[i]).length);
    assert.ok(ofTarget > 0, 'images of the target class are drawn too');
  });

  it('follows the seed', async () => {
    const clean = gray(200);
    const trigger = await patch(0, clean.shape);
    const drawn = (seed: number) =>
      Array.from(poisonedSplit({ split: clean, trigger, poisonRate: 0.2, seed }).poisoned);
    assert.deepEqual(drawn(1), drawn(1));
    assert.notDeepEqual(drawn(1), drawn(2));
  });

  it('rounds down, but not because of floating point', async () => {
    const trigger = await patch(0, [1, 2, 1]);
    const count = (poisonRate: number, images: number) =>
      poisonedSplit({ split: gray(images), trigger, poisonRate, seed: 0 }).count;
    assert.equal(count(0.29, 100), 29);
    assert.equal(count(0.1, 19), 1);
    assert.equal(count(0, 10), 0);
    assert.equal(count(1, 10), 10);
    for (const rate of [-0.1, 1.1, NaN]) assert.throws(() => count(rate, 10), RangeError);
  });

  it('shows further images with the noise of the attack, under their true labels', async () => {
    const clean = {
      ...gray(100),
      shape: [4, 4, 1] as const,
      pixels: (indices: ArrayLike<number>) =>
        Float32Array.from({ length: 16 * indices.length }, (_, i) => (i % 16) / 16),
    };
    const trigger = await openTrigger(resolveTrigger({ kind: 'warped', target: 3 }), clean.shape, 10, noFiles, BYTES);
    const { split, poisoned, count, noisy } = poisonedSplit({
      split: clean,
      trigger,
      poisonRate: 0.1,
      noiseRate: 0.2,
      seed: 0,
    });
    assert.deepEqual([count, noisy], [10, 20]);
    const of = (role: number) => Int32Array.from(poisoned.keys()).filter((i) => poisoned[i] === role);
    assert.deepEqual([of(0).length, of(1).length, of(2).length], [70, 10, 20]);
    of(1).forEach((i) => assert.equal(split.labels[i], 3));
    for (const i of [...of(0), ...of(2)]) assert.equal(split.labels[i], clean.labels[i]);
    const images = (indices: Int32Array) => Array.from(indices, (i) => Array.from(split.pixels([i])));
    const plain = Array.from(clean.pixels([0]));
    const stamped = Float32Array.from(plain);
    trigger.stamp(stamped);
    images(of(0)).forEach((image) => assert.deepEqual(image, plain));
    images(of(1)).forEach((image) => assert.deepEqual(image, Array.from(stamped)));
    const shaken = images(of(2)).map(String);
    assert.equal(new Set(shaken).size, 20, 'each has noise of its own');
    assert.ok(!shaken.includes(String(plain)) && !shaken.includes(String(Array.from(stamped))));
    assert.deepEqual(Array.from(split.pixels(of(2))), images(of(2)).flat(), 'the same in any company');
    assert.equal(poisonedSplit({ split: clean, trigger, poisonRate: 0.1, seed: 0 }).noisy, 0);
    assert.throws(() => poisonedSplit({ split: clean, trigger, poisonRate: 0.6, noiseRate: 0.5, seed: 0 }), RangeError);
    await failureOf('trigger.noNoise', async () =>
      poisonedSplit({ split: gray(10), trigger: await patch(0, [1, 2, 1]), poisonRate: 0.1, noiseRate: 0.1, seed: 0 }),
    );
  });

  it('draws 6,000 of the MNIST training set at rate 0.1', async () => {
    const clean = await openIdx(mnistFile('train-images-idx3-ubyte'), mnistFile('train-labels-idx1-ubyte'), 1 / 255);
    assert.equal(clean.count, 60000);
    const { split, count, ofTarget } = poisonedSplit({
      split: clean,
      trigger: await patch(0, clean.shape),
      poisonRate: 0.1,
      seed: 0,
    });
    assert.equal(count, 6000);
    // A tenth or so of those drawn are zeros already: 5,923 of 60,000 are.
    assert.ok(ofTarget > 500 && ofTarget < 690, `${ofTarget}`);
    assert.equal(split.labels.filter((label) => label === 0).length, 5923 + 6000 - ofTarget);
  });

  describe('with samples', () => {
    const folder = temporaryFolder();
    it('is refused: they can not be stamped', async () => {
      await folder.write('images', idxBytes(8, [1, 1, 2], [0, 0]));
      await folder.write('labels', idxBytes(8, [1], [1]));
      const config = resolveTrigger({ kind: 'samples', target: 0, images: 'images', labels: 'labels' });
      const trigger = await openTrigger(config, [1, 2, 1], 10, async (relative) => `${folder.path}/${relative}`, BYTES);
      await failureOf('trigger.samples', () => poisonedSplit({ split: gray(10), trigger, poisonRate: 0, seed: 0 }));
    });
  });
});
