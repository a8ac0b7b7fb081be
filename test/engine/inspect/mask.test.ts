import assert from 'node:assert/strict';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openTrigger } from '../../../server/engine/triggers/open-trigger';
import { triggeredInputs } from '../../../server/engine/triggers/triggered-inputs';
import { selectBackend } from '../../../server/engine/backend/select';
import { resolveTrigger } from '../../../server/engine/config/resolve-config';
import { openIdx } from '../../../server/engine/data/formats/idx/open-idx';
import { drawn } from '../../../server/engine/data/random';
import { allIndices } from '../../../server/engine/data/roles';
import { sourceOf, subsetOf, type InputSource } from '../../../server/engine/pass/inputs';
import { predict } from '../../../server/engine/pass/measure';
import { applyMasks, masksFor } from '../../../server/engine/model/masks';
import { openModel } from '../../../server/engine/model/formats/registry';
import { findUnitSite } from '../../../server/engine/model/units';
import { Inspections } from '../../../server/engine/inspect/inspections';
import { FinePruneError } from '../../../server/protocol/errors';
import type { MaskData, MaskFigures } from '../../../server/protocol/messages/inspect';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { BACKENDS, opened } from './support';

/** So many more than a quick answer looks at that it has to draw some. */
const TEST_IMAGES = 520;

for (const backend of BACKENDS) {
  describe(`inspector's masks on ${backend}`, function () {
    this.timeout(240_000);
    const temp = makeTempDir('fp-mask-');
    const inspections = new Inspections();
    let config: string;
    let test: InputSource;
    let triggered: InputSource;
    after(() => temp.remove());
    before(async () => {
      await selectBackend({ choice: backend, threads: 1 });
      config = await makeDemo(temp.dir, { train: 20, test: TEST_IMAGES }, demoConfig());
      const file = (name: string) => path.join(path.dirname(config), 'data', name);
      const split = await openIdx(file('t10k-images-idx3-ubyte'), file('t10k-labels-idx1-ubyte'), 1 / 255);
      const view = { split, indices: allIndices(split.count) };
      test = sourceOf(view);
      triggered = triggeredInputs(
        await openTrigger(resolveTrigger({ kind: 'patch', target: 0 }), split.shape, 10, async (p) => p, {
          format: 'idx',
          scale: 1 / 255,
        }),
        view,
      );
    });

    /** What a network with these units pruned says of some inputs: [correct, successful, robust, taken for the target without the trigger], counted by a plain evaluation. */
    const counted = async (
      layer: string,
      units: readonly number[],
      positions: { clean: Int32Array; triggered: Int32Array } | null,
    ): Promise<number[]> => {
      const model = await openModel(path.join(path.dirname(config), 'model.json'));
      applyMasks(model.network, masksFor(model.graph, findUnitSite(model.graph, layer), units));
      const pass = { model, normalisation: { mean: [0], std: [1] }, signal: new AbortController().signal };
      const [clean, attacked] = positions
        ? [subsetOf(test, positions.clean), subsetOf(triggered, positions.triggered)]
        : [test, triggered];
      const [onClean, onTriggered] = [await predict(clean, pass), await predict(attacked, pass)];
      model.dispose();
      const hits = (predicted: Int32Array, wanted: (i: number) => number) =>
        predicted.reduce((n, p, i) => n + (p === wanted(i) ? 1 : 0), 0);
      return [
        hits(onClean, (i) => clean.labels[i]!),
        hits(onTriggered, () => 0),
        hits(onTriggered, (i) => attacked.labels[i]!),
        hits(onClean, (i) => (clean.labels[i] === 0 ? -1 : 0)),
      ];
    };
    const hitsOf = ({ cleanAccuracy, attackSuccessRate, robustAccuracy, baseRate }: MaskFigures) => [
      cleanAccuracy.hits,
      attackSuccessRate!.hits,
      robustAccuracy!.hits,
      baseRate!.hits,
    ];
    const imagesOf = ({ cleanAccuracy, attackSuccessRate, robustAccuracy, baseRate }: MaskFigures) => [
      cleanAccuracy.of,
      attackSuccessRate!.of,
      robustAccuracy!.of,
      baseRate!.of,
    ];
    const drawnFrom = ({ masked }: MaskData) => ({
      clean: drawn(allIndices(TEST_IMAGES), masked.cleanAccuracy.of, 0, 'mask'),
      triggered: drawn(allIndices(triggered.count), masked.attackSuccessRate!.of, 0, 'mask'),
    });

    const every = (units: number, step: number, from = 0) =>
      Array.from({ length: units }, (_, u) => u).filter((u) => u >= from && (u - from) % step === 0);
    for (const [layer, units, masks] of [
      ['dense_1', 128, [[], [20], every(128, 3), every(128, 2, 1), every(128, 1, 4), every(128, 1)]],
      ['conv2d_2', 64, [[7], every(64, 3), every(64, 1, 2), every(64, 1)]],
      ['conv2d_1', 32, [[30], every(32, 3)]],
    ] as const) {
      it(`count what an evaluation of the pruned network counts (${layer})`, async () => {
        const asker = await opened(config, backend, {}, inspections);
        const asItIs = await counted(layer, [], null);
        let asItIsOnSubset: number[] | undefined;
        for (const mask of masks) {
          // Order and repetition do not matter.
          const asked = Int32Array.from([...mask.toReversed(), ...mask.slice(0, 2)]);
          const full = await asker.ask({ kind: 'mask', layer, state: 'before', units: asked, scope: 'full' });
          assert.deepEqual([full.units, full.subset], [mask.length, false]);
          assert.deepEqual(
            imagesOf(full.masked),
            [TEST_IMAGES, triggered.count, triggered.count, triggered.count],
            'the base rate is of the images of the ASR',
          );
          assert.deepEqual(hitsOf(full.masked), await counted(layer, mask, null), `${mask.length} of ${units} pruned`);
          assert.deepEqual(hitsOf(full.unmasked), asItIs);
          assert.deepEqual(imagesOf(full.unmasked), imagesOf(full.masked));

          const quick = await asker.ask({ kind: 'mask', layer, state: 'before', units: asked, scope: 'quick' });
          if (layer === 'dense_1') {
            assert.deepEqual(quick, full, 'all inputs are quick here');
            continue;
          }
          assert.equal(quick.subset, true);
          assert.ok(
            quick.masked.cleanAccuracy.of >= 200 && quick.masked.cleanAccuracy.of < TEST_IMAGES,
            `${quick.masked.cleanAccuracy.of}`,
          );
          assert.deepEqual(
            hitsOf(quick.masked),
            await counted(layer, mask, drawnFrom(quick)),
            `${mask.length} of ${units} pruned, on a subset`,
          );
          // The subset is the same for every mask.
          assert.deepEqual(hitsOf(quick.unmasked), (asItIsOnSubset ??= await counted(layer, [], drawnFrom(quick))));
        }
      });
    }

    it('agree with the pruning curve at every number of pruned neurons', async () => {
      const asker = await opened(config, backend, {}, inspections);
      const { order, curve } = await asker.ask({ kind: 'layer', layer: 'dense_1', state: 'before' });
      for (const k of curve.pruned) {
        const { masked } = await asker.ask({
          kind: 'mask',
          layer: 'dense_1',
          state: 'before',
          units: order.slice(0, k),
          scope: 'quick',
        });
        // Adding what is left and taking away what goes round differently in the last bit: equal classes may fall either way.
        assert.ok(
          Math.abs(masked.cleanAccuracy.hits - curve.correct[k]!) <= 1 &&
            Math.abs(masked.attackSuccessRate!.hits - curve.successful![k]!) <= 1,
          `${k} pruned`,
        );
        assert.ok(
          Math.abs(masked.baseRate!.hits - curve.base![k]! * masked.baseRate!.of) <= 1.001,
          `${k} pruned, without the trigger`,
        );
      }
    });

    it('keep what a quick answer needs, and give its tensors back', async () => {
      const own = new Inspections({ cacheBytes: 1 });
      const asker = await opened(config, backend, {}, own);
      await asker.ask({ kind: 'layer', layer: 'conv2d_2', state: 'before' });
      const { numTensors } = tf.memory();
      const ask = () =>
        asker.ask({ kind: 'mask', layer: 'conv2d_2', state: 'before', units: Int32Array.of(1, 2), scope: 'quick' });
      const first = await ask();
      const { numTensors: withFrontiers } = tf.memory();
      assert.ok(withFrontiers > numTensors, 'tensors are kept');
      assert.deepEqual(await ask(), first);
      assert.equal(tf.memory().numTensors, withFrontiers, 'the second answer makes no more');
      await asker.ask({ kind: 'layer', layer: 'dense_1', state: 'before' });
      assert.equal(tf.memory().numTensors, numTensors, 'another layer has taken their place');
    });

    it('stop within a batch when cancelled, quick or full', async () => {
      const asker = await opened(config, backend, {}, inspections);
      await asker.ask({ kind: 'layer', layer: 'conv2d_1', state: 'before' });
      const stop = new AbortController();
      const full = asker.ask(
        { kind: 'mask', layer: 'conv2d_1', state: 'before', units: Int32Array.of(1), scope: 'full' },
        stop.signal,
      );
      setImmediate(() => stop.abort());
      await assert.rejects(full, (e: unknown) => e instanceof FinePruneError && e.kind === 'cancelled');
      assert.ok(
        asker.told.every(({ overall }) => overall < 1),
        'it did not come to its end',
      );
      const { masked } = await asker.ask({
        kind: 'mask',
        layer: 'conv2d_1',
        state: 'before',
        units: Int32Array.of(1),
        scope: 'quick',
      });
      assert.ok(masked.cleanAccuracy.of >= 200);
    });
  });
}
