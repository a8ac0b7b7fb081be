import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as L from '@tensorflow/tfjs-layers';
import { Inspections } from '../../../server/engine/inspect/inspections';
import { openModel } from '../../../server/engine/model/formats/registry';
import { runDefense } from '../../../server/engine/tasks/run';
import { FinePruneError } from '../../../server/protocol/errors';
import type { Picture } from '../../../server/protocol/messages/inspect';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { tfjsModelOf } from '../model/inside';
import { BACKENDS, close, opened, stamped, testSplit } from './support';

const TEST_IMAGES = 300;
const TARGET = 0;

for (const backend of BACKENDS) {
  describe(`inspector's units and examples on ${backend}`, function () {
    this.timeout(120_000);
    const temp = makeTempDir('fp-unit-');
    const inspections = new Inspections();
    let config: string;
    let images: Uint8Array[];
    let labels: number[];
    /** Activations of dense_1 and the channel means of conv2d_1, and the predictions, by plain forward passes. */
    let plain: Record<
      'clean' | 'triggered',
      { images: Uint8Array[]; indices: number[]; dense: number[][]; conv: number[][]; predicted: number[] }
    >;
    let kernels: { conv: number[][][][]; classifier: number[][] };

    before(async () => {
      config = await makeDemo(temp.dir, { train: 20, test: TEST_IMAGES }, demoConfig('"fineTune": { "epochs": 1 }'));
      ({ images, labels } = testSplit(config));
      await opened(config, backend, {}, inspections);
      const model = await openModel(path.join(path.dirname(config), 'model.json'));
      const net = await tfjsModelOf(model);
      const outputs = ['conv2d_1', 'dense_1'].map((name) => net.getLayer(name).output as L.SymbolicTensor);
      const all = L.model({ inputs: net.inputs, outputs: [...outputs, ...net.outputs] });
      const pass = (set: Uint8Array[], indices: number[]) =>
        tf.tidy(() => {
          const x = tf.tensor4d(
            Float32Array.from(
              set.flatMap((image) => [...image]),
              (byte) => byte / 255,
            ),
            [set.length, 28, 28, 1],
          );
          const [conv, dense, logits] = all.predict(x) as [tf.Tensor4D, tf.Tensor2D, tf.Tensor2D];
          return {
            images: set,
            indices,
            dense: dense.arraySync(),
            conv: tf.mean(conv, [1, 2]).arraySync() as number[][],
            predicted: Array.from(tf.argMax(logits, 1).dataSync()),
          };
        });
      const attacked = labels.flatMap((label, i) => (label === TARGET ? [] : [i]));
      plain = {
        clean: pass(
          images,
          images.map((_, i) => i),
        ),
        triggered: pass(
          attacked.map((i) => stamped(images[i]!)),
          attacked,
        ),
      };
      kernels = {
        conv: net.getLayer('conv2d_1').getWeights()[0]!.arraySync() as number[][][][],
        classifier: net.getLayer('dense_2').getWeights()[0]!.arraySync() as number[][],
      };
      model.dispose();
    });
    after(() => temp.remove());

    const near = (a: number, b: number) => Math.abs(a - b) <= 1e-5 * Math.max(1, Math.abs(b));

    const checkPictures = (pictures: Picture[], set: (typeof plain)['clean'], column: number[]) => {
      assert.equal(pictures.length, 9);
      const best = [...column].sort((a, b) => b - a);
      pictures.forEach((picture, i) => {
        const position = set.indices.indexOf(picture.index);
        assert.ok(near(picture.activation, best[i]!), `picture ${i}: ${picture.activation}, ${best[i]} is that high`);
        assert.ok(near(picture.activation, column[position]!), 'its own activation');
        assert.deepEqual([...picture.pixels], [...set.images[position]!], 'byte for byte');
        assert.equal(picture.label, labels[picture.index]);
        assert.equal(picture.predicted, set.predicted[position]);
      });
      for (let i = 1; i < 9; i++)
        assert.ok(
          pictures[i]!.activation < pictures[i - 1]!.activation ||
            (pictures[i]!.activation === pictures[i - 1]!.activation && pictures[i]!.index > pictures[i - 1]!.index),
          'ties by lower index',
        );
    };

    for (const [layer, unit, key] of [
      ['dense_1', 29, 'dense'],
      ['dense_1', 0, 'dense'],
      ['conv2d_1', 5, 'conv'],
    ] as const) {
      it(`tells all about unit ${unit} of ${layer}`, async () => {
        const asker = await opened(config, backend, {}, inspections);
        const data = await asker.ask({ kind: 'unit', layer, state: 'before', unit });
        for (const which of ['clean', 'triggered'] as const) {
          const set = plain[which];
          const column = set[key].map((row) => row[unit]!);
          const bins = data.histogram[which]!;
          assert.equal(
            bins.reduce((a, b) => a + b, 0),
            set.images.length,
          );
          const { edges } = data.histogram;
          assert.equal(edges.length, bins.length + 1);
          // Cumulated, and with some room at each edge: float32 passes differ in the last digits.
          let below = 0;
          const slack = 1e-4 * (edges.at(-1)! - edges[0]!);
          bins.forEach((n, b) => {
            below += n;
            const [least, most] = [-slack, slack].map(
              (s) => column.filter((a) => a < edges[b + 1]! + s || b === bins.length - 1).length,
            );
            assert.ok(
              below >= least! && below <= most!,
              `${which}, bin ${b}: ${below} below, ${least} to ${most} expected`,
            );
          });
          data.perClass[which]!.forEach((mean, c) => {
            const own = column.filter((_, i) => labels[set.indices[i]!] === c);
            assert.ok(near(mean, own.length ? own.reduce((a, b) => a + b, 0) / own.length : 0), `${which}, class ${c}`);
          });
          checkPictures(data.top[which]!, set, column);
        }
        if (key === 'dense') {
          assert.equal(data.filter, null);
          assert.deepEqual([...data.outgoing!], kernels.classifier[unit]);
        } else {
          assert.equal(data.outgoing, null);
          assert.deepEqual(
            { ...data.filter!, values: [...data.filter!.values] },
            {
              height: 3,
              width: 3,
              channels: 1,
              values: kernels.conv.flatMap((row) => row.flatMap((column) => column.map((channel) => channel[unit]!))),
            },
          );
        }
      });
    }

    it('has words for a raised neuron, a dead one and a channel', async () => {
      const asker = await opened(config, backend, {}, inspections);
      const say = async (layer: string, unit: number) =>
        (await asker.ask({ kind: 'unit', layer, state: 'before', unit })).sentence;
      assert.match(
        await say('dense_1', 29),
        /^Fires on [\d.]+ % of triggered and [\d.]+ % of clean inputs: its mean is [\d.]+ times higher with the trigger\. It pushes class 0, the target, most\.$/,
      );
      assert.match(await say('dense_1', 0), /^Dead: constant at 0 on all 300 clean images/);
      assert.match(await say('conv2d_2', 3), /^Fires on /);
      assert.equal(
        (await asker.ask({ kind: 'unit', layer: 'conv2d_2', state: 'before', unit: 3 })).filter,
        null,
        'not a first-layer channel',
      );
    });

    it('shows examples, clean and triggered, before and after the defense', async () => {
      const { report, files } = await runDefense(
        { config, allowedFolders: [], overrides: { backend } },
        () => undefined,
        new AbortController().signal,
      );
      const defended = {
        model: files.model!,
        weights: report.model.after!.weights,
        layer: report.layer.name,
        pruned: report.pruning.units,
      };
      const asker = await opened(config, backend, { defended }, inspections);
      const { examples, target } = await asker.ask({ kind: 'examples', count: 18 });
      assert.equal(target, TARGET);
      assert.deepEqual(
        examples.map(({ label }) => label),
        [1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((label) => [label, label]),
        'spread over the classes',
      );
      assert.equal(new Set(examples.map(({ index }) => index)).size, 18);
      for (const { index, label, clean, triggered, before, after } of examples) {
        assert.equal(label, labels[index]);
        assert.deepEqual([[...clean], [...triggered]], [[...images[index]!], [...stamped(images[index]!)]]);
        assert.deepEqual(before, {
          clean: plain.clean.predicted[index],
          triggered: plain.triggered.predicted[plain.triggered.indices.indexOf(index)],
        });
        assert.ok(after);
      }
      const again = await asker.ask({ kind: 'examples', count: 18 });
      assert.deepEqual(
        again.examples.map(({ index }) => index),
        examples.map(({ index }) => index),
        'the same for the same seed',
      );
      asker.subject.defended = null;
      assert.ok((await asker.ask({ kind: 'examples', count: 1 })).examples.every(({ after }) => after === null));
      for (const [count, given] of [
        [0, 1],
        [1000, 32],
        [NaN, 1],
      ] as const)
        assert.equal((await asker.ask({ kind: 'examples', count })).examples.length, given);
    });

    it("shows a person's own triggered images by their own index, and no clean originals of them", async () => {
      const folder = path.join(path.dirname(config), 'data');
      const own = labels.map((_, i) => i).slice(0, 60);
      const header = Buffer.from([0, 0, 8, 3, 0, 0, 0, own.length, 0, 0, 0, 28, 0, 0, 0, 28]);
      writeFileSync(path.join(folder, 'own-images'), Buffer.concat([header, ...own.map((i) => stamped(images[i]!))]));
      writeFileSync(
        path.join(folder, 'own-labels'),
        Buffer.from([0, 0, 8, 1, 0, 0, 0, own.length, ...own.map((i) => labels[i]!)]),
      );
      const samples = path.join(path.dirname(config), 'samples.fineprune.json');
      writeFileSync(
        samples,
        readFileSync(config, 'utf8').replace(
          '"kind": "patch"',
          '"kind": "samples", "images": "data/own-images", "labels": "data/own-labels"',
        ),
      );
      const asker = await opened(samples, backend, {}, inspections);
      const { top } = await asker.ask({ kind: 'unit', layer: 'dense_1', state: 'before', unit: 29 });
      for (const { index, label, pixels } of top.triggered!) {
        assert.deepEqual([label, [...pixels]], [labels[index], [...stamped(images[index]!)]]);
        assert.notEqual(label, TARGET);
      }
      // They are other images than the test set: what goes to the target anyway is weighted by their classes, at the curve as in a mask.
      const { curve, units } = await asker.ask({ kind: 'layer', layer: 'dense_1', state: 'before' });
      const pruned = Int32Array.from({ length: units }, (_, unit) => unit);
      const { masked } = await asker.ask({
        kind: 'mask',
        layer: 'dense_1',
        state: 'before',
        units: pruned,
        scope: 'full',
      });
      // With everything pruned the bias alone decides, for all images alike.
      close(curve.base!.at(-1)!, masked.baseRate!.rate, 'everything pruned');
      const { unmasked } = await asker.ask({
        kind: 'mask',
        layer: 'dense_1',
        state: 'before',
        units: new Int32Array(),
        scope: 'full',
      });
      close(curve.base![0]!, unmasked.baseRate!.rate, 'nothing pruned');
      await assert.rejects(
        asker.ask({ kind: 'examples', count: 4 }),
        (e: unknown) => e instanceof FinePruneError && e.code === 'inspect.noCleanCounterpart' && e.file === samples,
      );
    });

    it('refuses units and layers that are not there, and goes on', async () => {
      const asker = await opened(config, backend, {}, inspections);
      const refused = async (question: Parameters<typeof asker.ask>[0], code: string) =>
        await assert.rejects(
          asker.ask(question),
          (e: unknown) => e instanceof FinePruneError && e.kind === 'input' && e.code === code,
        );
      for (const unit of [-1, 128, 0.5, NaN])
        await refused({ kind: 'unit', layer: 'dense_1', state: 'before', unit }, 'inspect.noSuchUnit');
      await refused(
        { kind: 'mask', layer: 'dense_1', state: 'before', units: Int32Array.of(3, 128), scope: 'quick' },
        'inspect.noSuchUnit',
      );
      await refused(
        { kind: 'mask', layer: 'conv2d_1', state: 'before', units: Int32Array.of(-1), scope: 'full' },
        'inspect.noSuchUnit',
      );
      for (const layer of ['nonsense', '', '__proto__'])
        await refused({ kind: 'layer', layer, state: 'before' }, 'layer.unknown');
      await refused({ kind: 'layer', layer: 'dense_2', state: 'before' }, 'layer.notPrunable');
      await refused({ kind: 'limit', layer: 'flatten_1', state: 'before' }, 'layer.notPrunable');
      assert.equal((await asker.ask({ kind: 'layer', layer: 'dense_1', state: 'before' })).units, 128);
    });
  });
}
