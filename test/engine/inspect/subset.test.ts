import assert from 'node:assert/strict';
import path from 'node:path';
import * as L from '@tensorflow/tfjs-layers';
import { selectBackend } from '../../../server/engine/backend/select';
import { Inspections } from '../../../server/engine/inspect/inspections';
import { demoMaker, opened, testSplit } from './support';
import { filesOf, randomise, write } from '../model/support';

describe('what the inspector measures on a subset of the images', function () {
  this.timeout(120_000);
  const demo = demoMaker('fp-subset-');
  const layer = { kind: 'layer', layer: 'dense_1', state: 'before' } as const;

  it('answers a large layer from a stated subset where all images would take too long', async () => {
    await selectBackend({ choice: 'wasm', threads: 1 });
    const config = await demo('', { train: 20, test: 700 });
    const net = L.sequential({
      layers: [
        L.layers.flatten({ inputShape: [28, 28, 1] }),
        L.layers.dense({ units: 128, activation: 'relu', name: 'wide' }),
        L.layers.dense({ units: 1000, name: 'classes' }),
      ],
    });
    randomise(net, 1);
    const { json, weights } = await filesOf(net);
    await write(path.dirname(config), json, weights);
    net.dispose();
    const asker = await opened(config, 'wasm');
    const ask = (units: number, scope: 'quick' | 'full') =>
      asker.ask({
        kind: 'mask',
        layer: 'wide',
        state: 'before',
        units: Int32Array.from({ length: units }, (_, u) => u),
        scope,
      });
    const [few, half, all, full] = [
      await ask(3, 'quick'),
      await ask(64, 'quick'),
      await ask(128, 'quick'),
      await ask(64, 'full'),
    ];
    assert.deepEqual([few.subset, few.masked.cleanAccuracy.of], [false, 700]);
    assert.deepEqual([half.subset, half.masked.cleanAccuracy.of, half.unmasked.cleanAccuracy.of], [true, 500, 500]);
    assert.deepEqual([all.subset, all.masked.cleanAccuracy.of], [false, 700], 'nothing is left to add up');
    assert.deepEqual([full.subset, full.masked.cleanAccuracy.of], [false, 700]);
  });

  it('analyses a stated, seeded subset of a layer that would not fit, and the whole for a full mask', async () => {
    const config = await demo('', { train: 20, test: 300 });
    const whole = await (await opened(config, 'wasm')).ask(layer);
    const inspections = new Inspections({ layerBytes: 128 * 1024 });
    const asker = await opened(config, 'wasm', {}, inspections);
    const data = await asker.ask(layer);
    assert.ok(inspections.held.bytes > 0 && inspections.held.bytes <= 128 * 1024, `${inspections.held.bytes}`);
    assert.ok(data.images.analysed >= 50 && data.images.analysed < 200, `${data.images.analysed}`);
    assert.deepEqual([data.images.available, data.triggeredImages!.available], [300, whole.triggeredImages!.available]);
    assert.deepEqual([data.curve.images, data.curve.subset], [data.images.analysed, true]);
    assert.deepEqual(
      (await (await opened(config, 'wasm', {}, new Inspections({ layerBytes: 128 * 1024 }))).ask(layer)).cleanMean,
      data.cleanMean,
      'the same subset for the same seed',
    );

    const mask = { kind: 'mask', layer: 'dense_1', state: 'before', units: Int32Array.of(20, 21, 23) } as const;
    const quick = await asker.ask({ ...mask, scope: 'quick' });
    assert.deepEqual([quick.subset, quick.masked.cleanAccuracy.of], [true, data.images.analysed]);
    assert.deepEqual(
      await asker.ask({ ...mask, scope: 'full' }),
      await (await opened(config, 'wasm')).ask({ ...mask, scope: 'full' }),
    );
    const { top } = await asker.ask({ kind: 'unit', layer: 'dense_1', state: 'before', unit: 20 });
    const { labels } = testSplit(config);
    for (const picture of [...top.clean, ...top.triggered!])
      assert.equal(picture.label, labels[picture.index], 'an index of the whole set');
  });
});
