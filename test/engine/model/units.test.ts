import assert from 'node:assert/strict';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { forward, forwardFrom, forwardTo } from '../../../server/engine/model/forward';
import { frozenLayers } from '../../../server/engine/model/frozen';
import { masksFor } from '../../../server/engine/model/masks';
import type { OpenModel, UnitSite } from '../../../server/engine/model/model';
import { openModel } from '../../../server/engine/model/formats/registry';
import { findUnitSite } from '../../../server/engine/model/units';
import { distance, filesOf, images, layerOfVariable, randomise, temporaryFolder, useBackend, write } from './support';
import { CASES } from './topologies/cases';

const PRUNED = [0, 2, 5];
const TOLERANCE = 2e-5;

describe('units of a network', function () {
  this.timeout(60_000);
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  before(async () => {
    await useBackend();
    temporary = await temporaryFolder();
  });
  after(() => temporary.remove());

  for (const [index, example] of CASES.entries()) {
    describe(example.name, () => {
      let model: OpenModel;
      let site: UnitSite;
      let x: tf.Tensor4D;
      let probabilities: tf.Tensor;

      beforeEach(async () => {
        const built = example.build();
        randomise(built, index + 1);
        x = images(6, [8, 8, 2]);
        probabilities = tf.tidy(() => {
          const y = built.predict(x) as tf.Tensor;
          // Where the network ends in logits, compare those.
          return /softmax|probabilities/.test(JSON.stringify(built.toJSON(null, false))) ? y : tf.softmax(y);
        });
        const { json, weights } = await filesOf(built);
        built.dispose();
        model = await openModel(await write(path.join(temporary.folder, String(index)), json, weights));
        site = findUnitSite(model.graph, example.named);
      });
      afterEach(() => {
        model.dispose();
        tf.dispose([x, probabilities]);
      });

      it('computes what TF.js computes', () => {
        tf.tidy(() => {
          assert.ok(distance(tf.softmax(forward(model, x)), probabilities) < TOLERANCE);
          assert.ok(distance(forward(model, x), model.net.predict(x) as tf.Tensor) < TOLERANCE);
        });
      });

      it('finds its units', () => {
        const { layer, kind, units, activation, tap, feedsClassifier, canBeNegative } = site;
        assert.deepEqual({ layer, kind, units, activation, tap, feedsClassifier, canBeNegative }, example.site);
        assert.equal(site.chosen, example.named ? 'named' : 'penultimate');
        assert.equal(site.classifier, 'classes');
      });

      it('runs in two halves as in one, and keeps no tensor', () => {
        const before = tf.memory().numTensors;
        const frontier = forwardTo(model, site, x);
        assert.equal(frontier.units.shape.at(-1), site.units);
        const [whole, halves] = [forward(model, x), forwardFrom(model, site, frontier)];
        assert.ok(distance(whole, halves) < TOLERANCE);
        frontier.dispose();
        tf.dispose([whole, halves]);
        assert.equal(tf.memory().numTensors, before);
      });

      it('is masked exactly as if the units were zero', () => {
        const expected = silenced(model, site, x);
        const masks = masksFor(model, site, PRUNED);
        const before = tf.memory().numTensors;
        masks.apply();
        assert.equal(tf.memory().numTensors, before);
        const found = forward(model, x);
        assert.ok(distance(found, expected) < TOLERANCE, `differs by ${distance(found, expected)}`);
        const unchanged = tf.tidy(() => distance(forward(model, x), tf.softmax(forward(model, x))));
        assert.ok(unchanged > 0);
        tf.dispose([expected, found]);
        masks.dispose();
      });

      it('zeroes outgoing weights only where they are needed', () => {
        const masks = masksFor(model, site, PRUNED);
        const chain = new Set([site.layer, site.tap, 'norm']);
        const layers = new Set(
          masks.entries.map(({ variable }) => layerOfVariable(model.net, variable)).filter((name) => !chain.has(name)),
        );
        assert.deepEqual([...layers], example.outgoing);
        masks.dispose();
      });

      it('stays masked through training', () => {
        const masks = masksFor(model, site, PRUNED);
        masks.apply();
        for (let step = 0; step < 3; step++) trainStep(model, x, masks.entries, step);
        const [found, expected] = [forward(model, x), silenced(model, site, x)];
        assert.ok(distance(found, expected) < TOLERANCE, `differs by ${distance(found, expected)}`);
        const training = forward(model, x, { training: true, dropoutSeed: 9 });
        const again = forward(model, x, { training: true, dropoutSeed: 9 });
        assert.deepEqual(training.dataSync(), again.dataSync());
        tf.dispose([found, expected, training, again]);
        masks.dispose();
      });
    });
  }
});

/** Logits with the pruned units set to zero at the tap, weights as they are. */
function silenced(model: OpenModel, site: UnitSite, x: tf.Tensor4D): tf.Tensor2D {
  const frontier = forwardTo(model, site, x);
  const keep = tf.tensor1d(Array.from({ length: site.units }, (_, u) => (PRUNED.includes(u) ? 0 : 1)));
  const logits = tf.tidy(() => forwardFrom(model, site, frontier, tf.mul(frontier.units, keep)));
  frontier.dispose();
  keep.dispose();
  return logits;
}

/** One plain gradient step on cross-entropy, gradients masked; checks that it changes the network. */
function trainStep(
  model: OpenModel,
  x: tf.Tensor4D,
  masks: readonly { variable: tf.Variable; mask: tf.Tensor }[],
  step: number,
): void {
  const frozen = new Set(frozenLayers(model.graph).map((f) => f.layer));
  const variables = model.net.layers
    .filter((layer) => !frozen.has(layer.name))
    .flatMap((layer) => layer.trainableWeights.map((w) => (w as unknown as { val: tf.Variable }).val));
  const maskOf = new Map(masks.map(({ variable, mask }) => [variable, mask]));
  const before = variables.map((v) => v.dataSync().slice());
  tf.tidy(() => {
    // Cast, since the WASM kernel writes integers whatever type is asked for.
    const targets = tf.cast(tf.oneHot(tf.tensor1d([0, 1, 2, 3, 0, 1], 'int32'), 4), 'float32');
    const { grads } = tf.variableGrads(
      () =>
        tf.neg(
          tf.mean(tf.sum(tf.mul(targets, tf.logSoftmax(forward(model, x, { training: true, dropoutSeed: step }))), 1)),
        ) as tf.Scalar,
      variables,
    );
    for (const v of variables) {
      const mask = maskOf.get(v);
      const gradient = mask ? tf.mul(grads[v.name]!, mask) : grads[v.name]!;
      v.assign(tf.sub(v, tf.mul(gradient, 0.3)));
    }
  });
  assert.ok(variables.some((v, i) => v.dataSync().some((value, j) => value !== before[i]![j])));
}
