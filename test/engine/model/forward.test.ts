import assert from 'node:assert/strict';
import * as tf from '@tensorflow/tfjs-core';
import * as L from '@tensorflow/tfjs-layers';
import { frozenLayers } from '../../../server/engine/model/frozen';
import { findUnitSite } from '../../../server/engine/model/units';
import { identity, Inside, logitsOf, tfjsModelOf } from './inside';
import { distance, images, ModelFiles } from './support';

const l = L.layers;

describe('running a model', function () {
  this.timeout(30_000);
  const models = new ModelFiles();

  it('BatchNorm in training moves its statistics as TF.js does, at inference it does not', async () => {
    const model = await models.open([
      l.conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 3, name: 'conv' }),
      l.batchNormalization({ name: 'norm', momentum: 0.9 }),
      l.flatten({ name: 'flat' }),
      l.dense({ units: 3, name: 'classes' }),
    ]);
    const theirs = await tfjsModelOf(model);
    const inside = new Inside(model);
    const x = images(16, [6, 6, 2]);
    const before = inside.values('norm');
    inside.forward(x, 'inference').dispose();
    assert.deepEqual(inside.values('norm'), before);
    const ours = inside.forward(x, { seed: 0 });
    const moved = inside.values('norm');
    assert.notDeepEqual(moved[2], before[2]);
    const expected = theirs.apply(x, { training: true }) as tf.Tensor;
    assert.ok(distance(ours, expected) < 1e-5);
    theirs
      .getLayer('norm')
      .getWeights()
      .map((w) => w.dataSync())
      .forEach((weight, i) => weight.forEach((v, j) => assert.ok(Math.abs(v - moved[i]![j]!) < 1e-6, `weight ${i}`)));
    inside.dispose();
    theirs.dispose();
    tf.dispose([ours, expected, x]);
  });

  it('dropout: repeatable by seed, another mask for each seed and layer, the stated share is dropped', async () => {
    const model = await models.open([
      l.flatten({ inputShape: [30, 30, 1], name: 'flat' }),
      l.dropout({ rate: 0.3, name: 'drop' }),
      l.dense({ units: 900, name: 'classes', useBias: false }),
    ]);
    // Identity weights, so that the logits are the dropped input.
    model.network.write('classes/kernel', identity(900));
    const x = tf.ones([2, 30, 30, 1]) as tf.Tensor4D;
    const inside = new Inside(model);
    const run = (seed: number) => [...inside.forward(x, { seed }).dataSync()];
    const [a, b, c] = [run(1), run(1), run(2)];
    assert.deepEqual(a, b);
    assert.notDeepEqual(a, c);
    assert.notDeepEqual(a.slice(0, 900), a.slice(900));
    assert.deepEqual([...new Set(a)].sort(), [0, Math.fround(1 / 0.7)]);
    const dropped = a.filter((v) => v === 0).length / a.length;
    // Five standard deviations of a binomial share.
    assert.ok(Math.abs(dropped - 0.3) < 5 * Math.sqrt((0.3 * 0.7) / a.length), `dropped ${dropped}`);
    assert.ok(
      logitsOf(model, x)
        .dataSync()
        .every((v) => v === 1),
    );
    x.dispose();
  });

  it('SpatialDropout2D drops whole channels', async () => {
    const model = await models.open(
      [
        l.dropout({ inputShape: [10, 10, 20], rate: 0.5, name: 'drop' }),
        l.flatten({ name: 'flat' }),
        l.dense({ units: 2000, name: 'classes', useBias: false }),
      ],
      (json) => {
        (json.modelTopology as { config: { layers: { class_name: string }[] } }).config.layers[0]!.class_name =
          'SpatialDropout2D';
      },
    );
    model.network.write('classes/kernel', identity(2000));
    const x = tf.ones([3, 10, 10, 20]) as tf.Tensor4D;
    const y = new Inside(model).forward(x, { seed: 4 }).dataSync();
    for (let n = 0; n < 3; n++)
      for (let c = 0; c < 20; c++)
        assert.equal(new Set(Array.from({ length: 100 }, (_, p) => y[n * 2000 + p * 20 + c])).size, 1);
    assert.equal(new Set(y).size, 2);
    x.dispose();
  });

  it('noise in training has the stated mean and deviation, and none at inference', async () => {
    for (const [layer, mean, deviation] of [
      [l.gaussianNoise({ inputShape: [40, 40, 1], stddev: 0.5, name: 'noise' }), 1, 0.5],
      [l.gaussianDropout({ inputShape: [40, 40, 1], rate: 0.2, name: 'noise' }), 1, 0.5],
    ] as const) {
      const model = await models.open([
        layer as never,
        l.flatten({ name: 'flat' }),
        l.dense({ units: 1600, name: 'classes', useBias: false }),
      ]);
      model.network.write('classes/kernel', identity(1600));
      const x = tf.ones([4, 40, 40, 1]) as tf.Tensor4D;
      const y = [...new Inside(model).forward(x, { seed: 3 }).dataSync()];
      const m = y.reduce((a, b) => a + b, 0) / y.length;
      const s = Math.sqrt(y.reduce((a, b) => a + (b - m) ** 2, 0) / y.length);
      assert.ok(Math.abs(m - mean) < 0.03 && Math.abs(s - deviation) < 0.03, `${m} ± ${s}`);
      assert.ok(
        logitsOf(model, x)
          .dataSync()
          .every((v) => v === 1),
      );
      x.dispose();
    }
  });

  it('freezes dilated convolutions and all layers before them, nothing else', async () => {
    const model = await models.open([
      l.conv2d({ inputShape: [12, 12, 1], filters: 3, kernelSize: 3, name: 'first' }),
      l.batchNormalization({ name: 'norm' }),
      l.conv2d({ filters: 4, kernelSize: 3, dilationRate: 2, name: 'dilated' }),
      l.batchNormalization({ name: 'norm2' }),
      l.depthwiseConv2d({ kernelSize: 2, name: 'depthwise' }),
      l.flatten({ name: 'flat' }),
      l.dense({ units: 3, name: 'classes' }),
    ]);
    const frozen = frozenLayers(model.graph);
    assert.deepEqual(
      frozen.map((f) => f.layer),
      ['first', 'norm', 'dilated'],
    );
    assert.match(frozen[2]!.reason, /dilated/);
    assert.match(frozen[0]!.reason, /before "dilated"/);
    const x = images(4, [12, 12, 1]);
    const inside = new Inside(model);
    const trained = inside.trained();
    const [norm, norm2] = [inside.values('norm'), inside.values('norm2')];
    tf.tidy(() => {
      const { grads } = tf.variableGrads(
        () => tf.mean(tf.square(inside.forward(x, { seed: 0 }))) as tf.Scalar,
        trained.map(({ variable }) => variable),
      );
      assert.deepEqual(
        Object.keys(grads).map((name) => trained.find(({ variable }) => variable.name === name)!.layer),
        ['norm2', 'norm2', 'depthwise', 'depthwise', 'classes', 'classes'],
      );
    });
    // A frozen BatchNorm keeps its statistics, the other one moves them.
    assert.deepEqual(inside.values('norm'), norm);
    assert.notDeepEqual(inside.values('norm2'), norm2);
    inside.dispose();
    x.dispose();
  });

  it('the names that Keras has and TF.js has not: silu, leaky_relu, hard_silu, exponential', async () => {
    const formulas: Record<string, (v: number) => number> = {
      silu: (v) => v / (1 + Math.exp(-v)),
      leaky_relu: (v) => (v < 0 ? 0.2 * v : v),
      hard_silu: (v) => (v * Math.min(6, Math.max(0, v + 3))) / 6,
      exponential: Math.exp,
    };
    for (const [name, formula] of Object.entries(formulas)) {
      const model = await models.open(
        [
          l.flatten({ inputShape: [2, 4, 1], name: 'flat' }),
          l.dense({ units: 8, name: 'hidden' }),
          l.dense({ units: 8, name: 'classes', useBias: false }),
        ],
        (json) => {
          (
            json.modelTopology as { config: { layers: { config: { activation: string } }[] } }
          ).config.layers[1]!.config.activation = name;
        },
      );
      model.network.write('hidden/kernel', identity(8));
      model.network.write('hidden/bias', new Float32Array(8));
      model.network.write('classes/kernel', identity(8));
      const values = [-5, -2.5, -1, -0.1, 0, 0.7, 2, 4];
      const x = tf.tensor4d(values, [1, 2, 4, 1]);
      const found = logitsOf(model, x).dataSync();
      values.forEach((v, i) =>
        assert.ok(Math.abs(found[i]! - formula(v)) < 1e-4 * Math.max(1, formula(v)), `${name}(${v}) = ${found[i]}`),
      );
      x.dispose();
    }
  });

  it('images without a channel axis, the classic first Keras model', async () => {
    const built = L.sequential({
      layers: [
        l.flatten({ inputShape: [7, 5], name: 'flatten' }),
        l.dense({ units: 6, activation: 'relu', name: 'dense' }),
        l.dropout({ rate: 0.2, name: 'dropout' }),
        l.dense({ units: 3, name: 'dense_1' }),
      ],
    });
    const model = await models.open(built);
    assert.deepEqual(model.inputShape, [7, 5, 1]);
    assert.equal(findUnitSite(model.graph).layer, 'dense');
    const x = images(3, [7, 5, 1]);
    const theirs = await tfjsModelOf(model);
    assert.ok(
      tf.tidy(() => distance(logitsOf(model, x), theirs.predict(tf.reshape(x, [3, 7, 5])) as tf.Tensor)) < 1e-6,
    );
    theirs.dispose();
    x.dispose();
  });
});
