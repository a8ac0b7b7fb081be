import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as L from '@tensorflow/tfjs-layers';
import { mostRaised } from '../../../server/engine/pass/ranking';
import { openModel } from '../../../server/engine/model/formats/registry';
import { runDefense } from '../../../server/engine/tasks/run';
import { FinePruneError } from '../../../server/protocol/errors';
import type { InspectSubject } from '../../../server/protocol/messages/inspect-engine';
import type { DefenseReport } from '../../../server/protocol/report/report';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { tfjsModelOf } from '../model/inside';
import { assertAsReported, BACKENDS, close, opened, stamped, testSplit } from './support';

const EXAMPLE = path.resolve(__dirname, '../../../examples/mnist-badnets/mnist-badnets.fineprune.json');
/** Measured by test/oracle/pytorch_reference.py (PyTorch) on the committed demo model. */
const REFERENCE = JSON.parse(
  readFileSync(path.resolve(__dirname, '../../fixtures/pytorch-reference.json'), 'utf8'),
) as {
  means: number[];
  triggered_means: number[];
  raised: number[];
  before: { correct: number; successful: number };
};

for (const backend of BACKENDS) {
  describe(`inspector's analysis on ${backend}`, function () {
    this.timeout(240_000);
    const temp = makeTempDir('fp-inspect-');
    let number = 0;
    const demo = (more = '', counts = { train: 600, test: 400 }) =>
      makeDemo(path.join(temp.dir, `${number++}`), counts, demoConfig(more));
    const run = async (
      config: string,
    ): Promise<{ report: DefenseReport; defended: NonNullable<InspectSubject['defended']> }> => {
      const { report, files } = await runDefense(
        { config, allowedFolders: [], overrides: { backend } },
        () => undefined,
        new AbortController().signal,
      );
      return {
        report,
        defended: {
          model: files.model!,
          weights: report.model.after!.weights,
          layer: report.layer.name,
          pruned: report.pruning.units,
        },
      };
    };
    after(() => temp.remove());

    for (const [name, more] of [
      ['a Dense layer', ''],
      ['a convolution', '"layer": "conv2d_2", "prune": { "rule": "clean-mean-abs" }'],
    ] as const) {
      it(`shows the figures of a run's report for ${name}, its curve and its limit`, async () => {
        const config = await demo([more, '"fineTune": { "epochs": 0 }'].filter(Boolean).join(', '), {
          train: 600,
          test: 700,
        });
        const { report } = await run(config);
        const asker = await opened(config, backend);
        const data = await asker.ask({ kind: 'layer', layer: report.layer.name, state: 'before' });
        assertAsReported(data, report);
        const { limit } = await asker.ask({ kind: 'limit', layer: report.layer.name, state: 'before' });
        assert.deepEqual(limit, report.curve.largestWithinLimit);
        const { perClass } = await asker.ask({ kind: 'unit', layer: report.layer.name, state: 'before', unit: 20 });
        report.layer.classMeans[20]!.forEach((mean, c) => close(perClass.clean[c]!, mean, `mean on class ${c}`));
      });
    }

    it('orders neurons by difference as plain forward passes do', async () => {
      const config = await demo();
      const { images, labels } = testSplit(config);
      const model = await openModel(path.join(path.dirname(config), 'model.json'));
      const net = await tfjsModelOf(model);
      const hidden = L.model({ inputs: net.inputs, outputs: net.getLayer('dense_1').output as L.SymbolicTensor });
      const means = (set: Uint8Array[]): number[] =>
        tf.tidy(() => {
          const x = tf.tensor4d(
            Float32Array.from(
              set.flatMap((image) => [...image]),
              (byte) => byte / 255,
            ),
            [set.length, 28, 28, 1],
          );
          return Array.from(tf.mean(hidden.predict(x, { batchSize: 512 }) as tf.Tensor, 0).dataSync());
        });
      const clean = means(images);
      const triggered = means(images.filter((_, i) => labels[i] !== 0).map(stamped));
      model.dispose();

      const data = await (await opened(config, backend)).ask({ kind: 'layer', layer: 'dense_1', state: 'before' });
      for (let u = 0; u < 128; u++) {
        assert.ok(Math.abs(data.cleanMean[u]! - clean[u]!) < 1e-4, `clean mean of ${u}`);
        assert.ok(Math.abs(data.triggeredMean![u]! - triggered[u]!) < 1e-4, `triggered mean of ${u}`);
      }
      assert.deepEqual(mostRaised(data.cleanMean, data.triggeredMean!, 20), mostRaised(clean, triggered, 20));
    });

    it('names the neurons that the trigger raises most as PyTorch does, on all 10,000 images', async () => {
      const asker = await opened(EXAMPLE, backend);
      const data = await asker.ask({ kind: 'layer', layer: 'dense_1', state: 'before' });
      assert.deepEqual(
        [data.images, data.triggeredImages],
        [
          { analysed: 10_000, available: 10_000 },
          { analysed: 9020, available: 9020 },
        ],
      );
      for (const [ours, theirs] of [
        [data.cleanMean, REFERENCE.means],
        [data.triggeredMean!, REFERENCE.triggered_means],
      ] as const) {
        theirs.forEach((mean, u) =>
          assert.ok(
            Math.abs(ours[u]! - mean) <= Math.max(1e-6, 1e-4 * Math.abs(mean)),
            `mean of neuron ${u}: ${ours[u]}, PyTorch ${mean}`,
          ),
        );
      }
      assert.deepEqual(mostRaised(data.cleanMean, data.triggeredMean!, 10), REFERENCE.raised);
      assert.ok(
        Math.abs(data.curve.correct[0]! - REFERENCE.before.correct) <= 2 &&
          Math.abs(data.curve.successful![0]! - REFERENCE.before.successful) <= 2,
      );
      const overall = asker.told.map((t) => t.overall);
      assert.ok(
        overall.every((share, i) => share >= 0 && share <= 1 && (i === 0 || share >= overall[i - 1]!)),
        'progress goes from 0 to 1 and never back',
      );
      assert.deepEqual(
        [...new Set(asker.told.map((t) => t.title))],
        ['Analysing 10,000 clean images', 'Analysing 9,020 triggered images', 'Computing the pruning curve'],
      );
    });

    it('says of config, model and data what a person has to know first', async () => {
      const config = await demo('"prune": { "ratio": 0.3 }');
      const asker = await opened(config, backend);
      const { fingerprint, backend: computing, ...overview } = await asker.ask({ kind: 'open' });
      assert.match(fingerprint, /^[0-9a-f]{64}$/);
      assert.equal(computing.name, backend);
      assert.deepEqual(overview, {
        kind: 'open',
        name: 'demo',
        model: { path: 'model.json', layers: 8, parameters: 225_034 },
        classes: 10,
        shape: [28, 28, 1],
        layers: [
          { name: 'conv2d_1', kind: 'Conv2D', units: 32, feedsClassifier: false },
          { name: 'conv2d_2', kind: 'Conv2D', units: 64, feedsClassifier: false },
          { name: 'dense_1', kind: 'Dense', units: 128, feedsClassifier: true },
        ],
        chosen: 'dense_1',
        strategy: null,
        prune: { ratio: 0.3, rule: 'clean-mean', guide: null, units: null },
        gates: { maxAttackSuccessRate: 0.05, maxAccuracyDrop: 0.01 },
        trigger: { kind: 'patch', target: 0 },
        search: null,
        images: {
          analysis: 400,
          analysisRole: 'test',
          test: 400,
          holdout: 120,
          triggered: testSplit(config).labels.filter((label) => label !== 0).length,
        },
      });
    });

    it('looks into the defended model: its pruned neurons are marked and silent', async () => {
      const config = await demo('"fineTune": { "epochs": 1 }');
      const { report, defended } = await run(config);
      const asker = await opened(config, backend, { defended });
      const data = await asker.ask({ kind: 'layer', layer: 'dense_1', state: 'after' });
      assert.deepEqual(
        [...data.pruned.keys()].filter((u) => data.pruned[u]),
        [...report.pruning.units].sort((a, b) => a - b),
      );
      for (const u of report.pruning.units)
        assert.deepEqual([data.cleanMean[u], data.triggeredMean![u], data.dead[u]], [0, 0, 1]);
      assert.deepEqual(
        [data.curve.correct[0], data.curve.successful![0]],
        [report.stages.after.cleanAccuracy.hits, report.stages.after.attackSuccessRate!.hits],
      );
      assert.match(
        (await asker.ask({ kind: 'unit', layer: 'dense_1', state: 'after', unit: report.pruning.units[0]! })).sentence,
        /^Pruned: this neuron contributes nothing\.$/,
      );
      const other = await asker.ask({ kind: 'layer', layer: 'conv2d_2', state: 'after' });
      assert.ok(
        other.pruned.every((flag) => flag === 0),
        'another layer than that of the run',
      );

      const { weights } = defended;
      asker.subject.defended = { ...defended, weights: weights.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) };
      await assert.rejects(
        asker.ask({ kind: 'layer', layer: 'dense_1', state: 'after' }),
        (e: unknown) => e instanceof FinePruneError && e.code === 'inspect.changed' && e.file === defended.model,
      );
      asker.subject.defended = null;
      await assert.rejects(
        asker.ask({ kind: 'layer', layer: 'dense_1', state: 'after' }),
        (e: unknown) => e instanceof FinePruneError && e.code === 'inspect.noDefended',
      );
    });

    it('analyses held-out images when the config says so, and does without a trigger', async () => {
      const config = await demo();
      const text = readFileSync(config, 'utf8');
      writeFileSync(
        config,
        text
          .replace('"data": {', '"data": { "holdout": 200, "analysis": "holdout",')
          .replace(/,\s*"trigger": \{[^}]*\}/, ''),
      );
      const asker = await opened(config, backend);
      const data = await asker.ask({ kind: 'layer', layer: 'dense_1', state: 'before' });
      assert.deepEqual([data.images, data.curve.images], [{ analysed: 200, available: 200 }, 400]);
      assert.deepEqual(
        [
          data.triggeredImages,
          data.triggeredMean,
          data.triggeredFires,
          data.curve.successful,
          data.curve.base,
          data.curve.triggeredImages,
        ],
        [null, null, null, null, null, null],
      );
      const unit = await asker.ask({ kind: 'unit', layer: 'dense_1', state: 'before', unit: 21 });
      assert.deepEqual([unit.histogram.triggered, unit.perClass.triggered, unit.top.triggered], [null, null, null]);
      assert.ok(!/trigger/.test(unit.sentence), unit.sentence);
      const mask = await asker.ask({
        kind: 'mask',
        layer: 'dense_1',
        state: 'before',
        units: Int32Array.of(1),
        scope: 'quick',
      });
      assert.deepEqual(
        [mask.masked.attackSuccessRate, mask.masked.baseRate, mask.masked.robustAccuracy, mask.masked.cleanAccuracy.of],
        [null, null, null, 400],
      );
      await assert.rejects(
        asker.ask({ kind: 'examples', count: 4 }),
        (e: unknown) => e instanceof FinePruneError && e.code === 'inspect.noTrigger' && e.file === config,
      );

      writeFileSync(config, text.replace('"data": {', '"data": { "holdout": 0,'));
      const bare = await opened(config, backend);
      assert.equal((await bare.ask({ kind: 'limit', layer: 'dense_1', state: 'before' })).limit, null);
    });
  });
}
