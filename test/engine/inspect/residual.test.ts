import assert from 'node:assert/strict';
import path from 'node:path';
import * as L from '@tensorflow/tfjs-layers';
import { selectBackend } from '../../../server/engine/backend/select';
import { demoMaker, opened } from './support';
import { filesOf, randomise, write } from '../model/support';

describe('the inspector of a residual network', function () {
  this.timeout(120_000);
  const demo = demoMaker('fp-residual-');
  const layer = { kind: 'layer', layer: 'dense_1', state: 'before' } as const;

  it('covers every layer of a residual network, whose masks agree with their curves', async () => {
    await selectBackend({ choice: 'wasm', threads: 1 });
    const config = await demo();
    const input = L.input({ shape: [28, 28, 1] });
    const first = L.layers
      .conv2d({ filters: 6, kernelSize: 3, strides: 4, padding: 'same', name: 'first' })
      .apply(input) as L.SymbolicTensor;
    const second = L.layers
      .conv2d({ filters: 6, kernelSize: 3, padding: 'same', activation: 'relu', name: 'second' })
      .apply(L.layers.batchNormalization({ name: 'norm' }).apply(first)) as L.SymbolicTensor;
    const sum = L.layers
      .activation({ activation: 'relu', name: 'after' })
      .apply(L.layers.add({ name: 'sum' }).apply([first, second])) as L.SymbolicTensor;
    const net = L.model({
      inputs: input,
      outputs: L.layers
        .dense({ units: 10, name: 'classes' })
        .apply(L.layers.globalAveragePooling2d({ name: 'pool' }).apply(sum)) as L.SymbolicTensor,
    });
    randomise(net, 2);
    const { json, weights } = await filesOf(net);
    await write(path.dirname(config), json, weights);
    net.dispose();
    const asker = await opened(config, 'wasm');
    const { layers } = await asker.ask({ kind: 'open' });
    assert.ok(
      layers.some(({ name, kind }) => name === 'sum' && kind === 'Add'),
      JSON.stringify(layers),
    );
    for (const { name } of layers) {
      const data = await asker.ask({ ...layer, layer: name });
      assert.equal(data.units, 6);
      const { curve, order } = data;
      for (const k of [0, 2, 6]) {
        const { masked, unmasked } = await asker.ask({
          kind: 'mask',
          layer: name,
          state: 'before',
          units: order.slice(0, k),
          scope: 'full',
        });
        assert.deepEqual(
          [masked.cleanAccuracy.hits, masked.attackSuccessRate!.hits],
          [curve.correct[k], curve.successful![k]],
          `${k} of ${name}`,
        );
        assert.equal(
          Math.round(curve.base![k]! * masked.baseRate!.of),
          masked.baseRate!.hits,
          `${k} of ${name}, without the trigger`,
        );
        const quick = await asker.ask({
          kind: 'mask',
          layer: name,
          state: 'before',
          units: order.slice(0, k),
          scope: 'quick',
        });
        assert.deepEqual([quick.masked, quick.unmasked, quick.subset], [masked, unmasked, false]);
      }
      const { sentence } = await asker.ask({ kind: 'unit', layer: name, state: 'before', unit: 2 });
      assert.ok(sentence.length > 20 && !/neuron/.test(sentence), sentence);
    }
  });
});
