import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as L from '@tensorflow/tfjs-layers';
import { selectBackend } from '../../../server/engine/backend/select';
import { Inspections } from '../../../server/engine/inspect/inspections';
import { openModel } from '../../../server/engine/model/formats/registry';
import { FinePruneError } from '../../../server/protocol/errors';
import { parseToInspector } from '../../../server/protocol/messages/inspector-view';
import { makeTempDir } from '../../harness/processes';
import { demoConfig, makeDemo } from '../../protocol/demo-folder';
import { Asker, opened } from './support';
import { filesOf, randomise, write } from '../model/support';

describe('what the inspector can not show', function () {
  this.timeout(120_000);
  const temp = makeTempDir('fp-limits-');
  let number = 0;
  before(() => selectBackend({ choice: 'wasm', threads: 1 }));
  after(() => temp.remove());

  /** A demo folder with another model. @returns path of the config */
  const demoOf = async (
    net: L.LayersModel,
    more = '',
    weight: (value: number) => number = (value) => value,
  ): Promise<string> => {
    const config = await makeDemo(path.join(temp.dir, `${number++}`), { train: 20, test: 30 }, demoConfig(more));
    randomise(net, 5);
    const { json, weights } = await filesOf(net);
    net.dispose();
    const values = new Float32Array(weights.slice().buffer).map(weight);
    await write(path.dirname(config), json, new Uint8Array(values.buffer));
    return config;
  };
  const dense = (units: number, name: string, activation: 'relu' | 'linear' = 'relu'): L.layers.Layer =>
    L.layers.dense({ units, name, activation });
  const plain = (hidden = 8, classes = 10, inputShape = [28, 28, 1]): L.LayersModel =>
    L.sequential({
      layers: [L.layers.flatten({ inputShape }), dense(hidden, 'dense_1'), dense(classes, 'classes', 'linear')],
    });
  const fails =
    (code: string, words: RegExp) =>
    (e: unknown): boolean =>
      e instanceof FinePruneError && e.kind === 'input' && e.code === code && words.test(e.message) && !!e.todo;
  const layer = { kind: 'layer', layer: 'dense_1', state: 'before' } as const;

  it('refuses a layer whose activations overflow, and shows the others', async () => {
    const huge = await opened(await demoOf(plain(), '', (value) => Math.sign(value) * 1e38), 'wasm');
    await assert.rejects(huge.ask(layer), fails('layer.notFinite', /"dense_1"/));
    const conv = (name: string): L.layers.Layer =>
      L.layers.conv2d({ filters: 3, kernelSize: 3, strides: 3, activation: 'relu', name });
    const net = L.sequential({
      layers: [
        L.layers.inputLayer({ inputShape: [28, 28, 1] }),
        conv('first'),
        conv('second'),
        L.layers.flatten(),
        dense(10, 'classes', 'linear'),
      ],
    });
    const asker = await opened(await demoOf(net, '', (value) => Math.abs(value) * 1e25), 'wasm');
    assert.equal((await asker.ask({ ...layer, layer: 'first' })).units, 3);
    await assert.rejects(asker.ask({ ...layer, layer: 'second' }), fails('layer.notFinite', /"second"/));
    assert.equal((await asker.ask({ kind: 'unit', layer: 'first', state: 'before', unit: 2 })).unit, 2);
  });

  it('refuses a layer of more units than a page takes before it computes anything', async () => {
    const net = L.sequential({
      layers: [
        L.layers.globalAveragePooling2d({ inputShape: [28, 28, 1] }),
        dense(65_537, 'dense_1'),
        dense(10, 'classes', 'linear'),
      ],
    });
    const asker = await opened(await demoOf(net), 'wasm');
    await assert.rejects(asker.ask(layer), fails('layer.tooLarge', /65,537 units.*65,536/));
    assert.deepEqual(asker.told, []);
  });

  it('calls no model defended that can not have been made from the one before', async () => {
    const asker = await opened(await demoOf(plain()), 'wasm');
    for (const other of [plain(8, 10, [10, 10, 3]), plain(8, 3)]) {
      const model = path.join(path.dirname(await demoOf(other)), 'model.json');
      const { hashes, dispose } = await openModel(model);
      dispose();
      const after = new Asker(asker.inspections, {
        ...asker.subject,
        defended: { model, weights: hashes.weights, layer: 'dense_1', pruned: [0, 70_000] },
      });
      after.fingerprint = asker.fingerprint;
      await assert.rejects(
        after.ask({ ...layer, state: 'after' }),
        fails('inspect.notDefended', /different images or has different classes/),
      );
      await assert.rejects(
        after.ask({ kind: 'examples', count: 2 }),
        fails('inspect.notDefended', /different images or has different classes/),
      );
      assert.equal((await after.ask(layer)).units, 8);
    }
  });

  it('chooses no layer where a run would find none, and still looks into each', async () => {
    const input = L.input({ shape: [28, 28, 1] });
    const branch = (name: string): L.SymbolicTensor =>
      L.layers
        .globalMaxPooling2d({ name: `${name}_max` })
        .apply(L.layers.conv2d({ filters: 3, kernelSize: 3, strides: 3, name }).apply(input)) as L.SymbolicTensor;
    const both = L.layers.concatenate({ name: 'both' }).apply([branch('left'), branch('right')]);
    const asker = await opened(
      await demoOf(L.model({ inputs: input, outputs: dense(10, 'classes', 'linear').apply(both) as L.SymbolicTensor })),
      'wasm',
    );
    const { chosen, layers } = await asker.ask({ kind: 'open' });
    assert.deepEqual([chosen, layers.map(({ name }) => name)], ['', ['left', 'right']]);
    assert.equal((await asker.ask({ ...layer, layer: 'right' })).units, 3);
  });

  it('opens a config that names units which the layer has not: the run is to say so', async () => {
    const config = await demoOf(plain(), '"prune": { "units": [3, 8, 70000] }');
    const asker = await opened(config, 'wasm');
    const overview = await asker.ask({ kind: 'open' });
    assert.deepEqual(overview.prune, { ratio: null, rule: 'clean-mean', guide: null, units: [3] });
    parseToInspector({ type: 'answer', id: 1, answer: { ...overview, report: null } });
    writeFileSync(config, readFileSync(config, 'utf8').replace('[3, 8, 70000]', '[70000]'));
    assert.deepEqual((await asker.ask({ kind: 'open' })).prune.units, []);
  });

  it('counts what many classes take, whatever the number of images', async () => {
    const [units, classes] = [64, 2000];
    const inspections = new Inspections();
    const asker = await opened(await demoOf(plain(units, classes)), 'wasm', {}, inspections);
    await asker.ask(layer);
    const sums = 2 * 8 * units * classes;
    assert.ok(
      inspections.held.bytes > sums,
      `${inspections.held.bytes} bytes, and the sums of clean and triggered inputs alone take ${sums}`,
    );
  });
});
