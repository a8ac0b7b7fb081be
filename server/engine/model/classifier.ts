import type { Graph, GraphLayer, Op } from './graph';
import { layerOf } from './graph';
import type { JsonNode } from './formats/tfjs-layers/json';

/**
 * Finds the Dense layer whose units are the classes by following the output back, and takes the softmax at the end off, so that
 * the graph gives logits: arg max does not change, and the cross-entropy of logits is the stable form.
 *
 * @throws FinePruneError `model.noDense`, `model.oneClass`, `model.outputActivation`
 */
export function findClassifier(graph: Omit<Graph, 'classifier' | 'classes' | 'softmaxOf'>, root: JsonNode): Graph {
  const where = root.at('modelTopology');
  let softmaxOf: string | null = null;
  let layer = graph.byName.get(graph.output)!;
  while (layer.op.kind !== 'dense') {
    const { op } = layer;
    if (isActivation(op) && isOneUnit(layer.outputShape))
      throw oneOutput(where, layer, op.kind === 'activation' ? op.activation : layer.className);
    if (op.kind === 'activation' && op.activation === 'softmax' && softmaxOf === null && layer.outputShape.length === 1)
      softmaxOf = layer.name;
    else if (isActivation(op))
      throw wrongOutput(where, layer, op.kind === 'activation' ? op.activation : layer.className);
    else if (!keepsClasses(layer)) {
      throw where.refuse(
        'model.noDense',
        `The model has no Dense classifier: its output comes from "${layer.name}" (${layer.className}).`,
        'Fine-Prune defends classifiers that end in a Dense layer with one unit per class.',
      );
    }
    layer = graph.byName.get(layer.inputs[0]!)!;
  }
  if (layer.outputShape.length !== 1) {
    throw where.refuse(
      'model.noDense',
      `The model has no Dense classifier: "${layer.name}" gives a tensor of shape [${layer.outputShape}], not one value per class.`,
      'Fine-Prune defends classifiers that end in a Dense layer with one unit per class.',
    );
  }
  if (softmaxOf === null && layer.op.activation !== 'linear') {
    if (layer.op.units === 1) throw oneOutput(where, layer, layer.op.activation);
    if (layer.op.activation !== 'softmax') throw wrongOutput(where, layer, layer.op.activation);
    softmaxOf = layer.name;
  }
  if (layer.op.units === 1) throw oneOutput(where, layer, softmaxOf === null ? 'linear' : 'softmax');
  return withoutSoftmax({ ...graph, classifier: layer.name, classes: layer.op.units, softmaxOf });
}

/** Layers that may stand between the classifier and the output: one value per class goes in, one comes out. */
function keepsClasses({ op, outputShape }: GraphLayer): boolean {
  if (op.kind === 'dropout' || op.kind === 'gaussianNoise' || op.kind === 'gaussianDropout' || op.kind === 'batchNorm')
    return true;
  if (op.kind === 'activation') return op.activation === 'linear';
  return (op.kind === 'flatten' || op.kind === 'reshape') && outputShape.length === 1;
}

function isActivation(op: Op): boolean {
  return (
    (op.kind === 'activation' && op.activation !== 'linear') ||
    op.kind === 'relu' ||
    op.kind === 'leakyRelu' ||
    op.kind === 'elu' ||
    op.kind === 'prelu'
  );
}

function withoutSoftmax(graph: Graph): Graph {
  if (graph.softmaxOf === null) return graph;
  const layer = layerOf(graph, graph.softmaxOf);
  // Only Dense and Activation layers are ever chosen above.
  const replaced: GraphLayer = { ...layer, op: { ...layer.op, activation: 'linear' } as Op };
  return {
    ...graph,
    layers: graph.layers.map((l) => (l === layer ? replaced : l)),
    byName: new Map(graph.byName).set(replaced.name, replaced),
  };
}

function wrongOutput(where: JsonNode, layer: GraphLayer, activation: string) {
  return where.refuse(
    'model.outputActivation',
    `The model ends in ${activation} ("${layer.name}"); expected softmax, or logits without an activation function.`,
    'Only models that choose one class for each image can be defended.',
  );
}

const isOneUnit = (shape: readonly number[]): boolean => shape.length === 1 && shape[0] === 1;

function oneOutput(where: JsonNode, layer: GraphLayer, activation: string) {
  const name = `"${layer.name}"`;
  if (activation === 'sigmoid') {
    return where.refuse(
      'model.oneClass',
      `The model is a binary classifier with one sigmoid output (${name}); this version needs at least two outputs, one per class.`,
      'Export it with a Dense layer of two units and softmax in its place: with the weights [0, w] and the biases [0, b] it gives the same answers, since sigmoid(z) is softmax([0, z])[1].',
    );
  }
  return where.refuse(
    'model.oneClass',
    `The model has one output (${name}, ${activation}), which can't distinguish classes; this version needs at least two outputs, one per class.`,
    'Choose a classifier that ends in a Dense layer with one unit per class.',
  );
}
