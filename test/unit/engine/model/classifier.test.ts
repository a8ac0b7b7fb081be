import assert from 'node:assert/strict';
import { parseModelJson } from '../../../../server/engine/model/formats/tfjs-layers/model-json';
import { parseTopology } from '../../../../server/engine/model/formats/tfjs-layers/topology/topology';
import { nodeOf, type Graph } from '../../../../server/engine/model/graph';
import { findUnitSite } from '../../../../server/engine/model/units';
import type { FinePruneError } from '../../../../server/protocol/errors';

/** A model whose last layers are a hidden one, a classifier with an activation function, and others. */
function graphOf(activation: string, ...after: [className: string, config: object][]): Graph {
  const layers = [
    ['Flatten', { batch_input_shape: [null, 4, 4, 1] }],
    ['Dense', { units: 5, activation: 'relu' }],
    ['Dense', { units: 3, activation }],
    ...after,
  ].map(([class_name, config], i) => ({ class_name, config: { name: `layer_${i}`, ...(config as object) } }));
  const json = { modelTopology: { class_name: 'Sequential', config: { layers } }, weightsManifest: [] };
  return parseTopology(parseModelJson(JSON.stringify(json), 'model.json'));
}

const kindsAfter = (graph: Graph) =>
  graph.nodes.slice(graph.nodes.findIndex(({ id }) => id === graph.classifier)).map(({ op }) => op.kind);

describe('the classifier of a model', () => {
  it('its softmax is taken off, in the layer or as a layer of its own', () => {
    assert.equal(graphOf('softmax').softmaxOf, 'layer_2');
    assert.deepEqual(kindsAfter(graphOf('softmax')), ['dense', 'identity']);
    assert.equal(graphOf('linear', ['Softmax', {}]).softmaxOf, 'layer_3');
    assert.equal(graphOf('linear').softmaxOf, null);
  });

  it('a function of its own before one more softmax stays', () => {
    for (const [activation, kind] of [
      ['softmax', 'softmax'],
      ['relu', 'activation'],
    ] as const) {
      const graph = graphOf(activation, ['Softmax', {}]);
      assert.equal(graph.softmaxOf, 'layer_3');
      assert.deepEqual(kindsAfter(graph), ['dense', kind, 'identity']);
      assert.equal(nodeOf(graph, graph.classifier).label, 'layer_2');
      // The logits are not the dense layer's sums, so they can't be computed from its weights alone.
      assert.equal(findUnitSite(graph).feedsClassifier, false);
    }
  });

  it('a function that is not softmax at the end, or two softmax layers, are refused', () => {
    const refused = (graph: () => Graph, message: RegExp) =>
      assert.throws(graph, (error: FinePruneError) => {
        assert.equal(error.code, 'model.outputActivation');
        assert.match(error.message, message);
        return true;
      });
    refused(() => graphOf('tanh'), /ends in tanh \("layer_2"\)/);
    refused(() => graphOf('linear', ['ReLU', {}], ['Softmax', {}]), /ends in ReLU \("layer_3"\)/);
    refused(() => graphOf('linear', ['Softmax', {}], ['Softmax', {}]), /ends in softmax \("layer_3"\)/);
  });
});
