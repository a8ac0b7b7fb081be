import assert from 'node:assert/strict';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { frozenLayers } from '../../../server/engine/model/frozen';
import { applyMasks, masksFor } from '../../../server/engine/model/masks';
import type { OpenModel, UnitSite } from '../../../server/engine/model/model';
import { openModel } from '../../../server/engine/model/formats/registry';
import { nodeOf, sizeOf } from '../../../server/engine/model/graph';
import { findUnitSite } from '../../../server/engine/model/units';
import { batchOf, Inside, logitsOf } from './inside';
import { distance, filesOf, images, randomise, temporaryFolder, useBackend, write } from './support';
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
        tf.tidy(() => assert.ok(distance(tf.softmax(logitsOf(model, x)), probabilities) < TOLERANCE));
      });

      it('finds its units', () => {
        const { layer, kind, units, activation, tap, feedsClassifier, canBeNegative } = site;
        assert.deepEqual(
          { layer, kind, units, activation, tap: nodeOf(model.graph, tap).label, feedsClassifier, canBeNegative },
          example.site,
        );
        assert.equal(site.chosen, example.named ? 'named' : 'penultimate');
        assert.equal(nodeOf(model.graph, model.graph.classifier).label, 'classes');
      });

      it('runs in two halves as in one, and keeps no tensor', () => {
        const batch = batchOf(x);
        const before = tf.memory().numTensors;
        const frontier = model.network.forwardTo(site, batch);
        assert.equal(frontier.values().length, batch.rows * sizeOf(frontier.positions) * site.units);
        const [whole, halves] = [model.network.forward(batch), model.network.forwardFrom(site, frontier)];
        assert.ok(whole.every((value, i) => Math.abs(value - halves[i]!) < TOLERANCE));
        frontier.dispose();
        assert.equal(tf.memory().numTensors, before);
      });

      it('is masked exactly as if the units were zero', () => {
        const unmasked = logitsOf(model, x);
        const expected = silenced(model, site, x);
        const before = tf.memory().numTensors;
        applyMasks(model.network, masksFor(model.graph, site, PRUNED));
        assert.equal(tf.memory().numTensors, before);
        const found = logitsOf(model, x);
        assert.ok(distance(found, expected) < TOLERANCE, `differs by ${distance(found, expected)}`);
        assert.ok(distance(found, unmasked) > 0);
        tf.dispose([unmasked, expected, found]);
      });

      it('zeroes outgoing weights only where they are needed', () => {
        const chain = new Set([site.layer, nodeOf(model.graph, site.tap).label, 'norm']);
        const touched = masksFor(model.graph, site, PRUNED);
        const layers = new Set(
          model.graph.parameters
            .filter(({ id, label }) => touched.has(id) && !chain.has(label))
            .map(({ label }) => label),
        );
        assert.deepEqual([...layers], example.outgoing);
      });

      it('stays masked through training', () => {
        const masks = masksFor(model.graph, site, PRUNED);
        applyMasks(model.network, masks);
        const before = tf.memory().numTensors;
        const parameters = () => model.graph.parameters.map(({ id }) => model.network.read(id));
        const start = parameters();
        const training = model.network.training({
          masks,
          frozen: frozenLayers(model.graph).map(({ layer }) => layer),
        });
        const labels = Int32Array.from([0, 1, 2, 3, 0, 1]);
        for (let step = 0; step < 3; step++) training.step({ ...batchOf(x), labels, learningRate: 0.02, seed: step });
        training.dispose();
        assert.equal(tf.memory().numTensors, before);
        assert.notDeepEqual(parameters(), start);
        const [found, expected] = [logitsOf(model, x), silenced(model, site, x)];
        assert.ok(distance(found, expected) < TOLERANCE, `differs by ${distance(found, expected)}`);
        const inside = new Inside(model);
        const [once, again] = [inside.forward(x, { seed: 9 }), inside.forward(x, { seed: 9 })];
        assert.deepEqual(once.dataSync(), again.dataSync());
        inside.dispose();
        tf.dispose([found, expected, once, again]);
      });
    });
  }
});

/** Logits with the pruned units set to zero at the tap, weights as they are. */
function silenced({ network, classes }: OpenModel, site: UnitSite, x: tf.Tensor4D): tf.Tensor2D {
  const frontier = network.forwardTo(site, batchOf(x));
  const keep = Float32Array.from({ length: site.units }, (_, u) => (PRUNED.includes(u) ? 0 : 1));
  const logits = tf.tensor2d(network.forwardFrom(site, frontier, keep), [x.shape[0], classes]);
  frontier.dispose();
  return logits;
}
