import type { FinePruneError } from '../../protocol/errors';
import { activationOf } from './activation-functions';
import { layerOf, type Graph, type Node } from './graph';

/** Makes the error of a model that can't be defended, at the place in the file that describes its structure. */
export type Refuse = (code: string, message: string, todo: string) => FinePruneError;

const NO_DENSE_TODO = 'Fine-Prune defends classifiers that end in a Dense layer with one unit per class.';

/** A graph of which the classifier is not yet known. */
export type UnclassifiedGraph = Omit<Graph, 'classifier' | 'classes' | 'softmaxOf'>;

/**
 * Finds the dense node whose units are the classes by following the output back, and takes the softmax at the end off, so that
 * the graph gives logits: arg max does not change, and the cross-entropy of logits is the stable form.
 *
 * @throws FinePruneError `model.noDense`, `model.oneClass`, `model.outputActivation`
 */
export function findClassifier(graph: UnclassifiedGraph, refuse: Refuse): Graph {
  let softmax: Node | null = null;
  let node = graph.byId.get(graph.output)!;
  while (node.op.kind !== 'dense') {
    const activation = activationOf(node.op);
    if (activation && isOneUnit(node)) throw oneOutput(refuse, node, functionWord(graph, node));
    if (node.op.kind === 'softmax' && softmax === null && node.shape.length === 1) softmax = node;
    else if (activation) {
      if (softmax === null || !isOfDense(graph, node)) throw wrongOutput(refuse, node, functionWord(graph, node));
    } else if (!keepsClasses(node))
      throw refuse(
        'model.noDense',
        `The model has no Dense classifier: its output comes from "${node.label}" (${typeOf(graph, node)}).`,
        NO_DENSE_TODO,
      );
    node = graph.byId.get(node.inputs[0]!)!;
  }
  if (node.shape.length !== 1)
    throw refuse(
      'model.noDense',
      `The model has no Dense classifier: "${node.label}" gives a tensor of shape [${node.shape}], not one value per class.`,
      NO_DENSE_TODO,
    );
  if (isOneUnit(node)) throw oneOutput(refuse, node, softmax === null ? 'linear' : 'softmax');
  return {
    ...withoutSoftmax(graph, softmax),
    classifier: node.id,
    classes: node.shape[0]!,
    softmaxOf: softmax?.label ?? null,
  };
}

/** Whether a node is the activation function of a dense layer. Behind one more softmax it stays: what it gives are the logits then. */
function isOfDense(graph: UnclassifiedGraph, node: Node): boolean {
  const [main] = layerOf(graph, node).nodes;
  return main !== node.id && graph.byId.get(main!)!.op.kind === 'dense';
}

/** Nodes that may come between the classifier and the output: one value per class goes in, one comes out. */
function keepsClasses({ op, shape }: Node): boolean {
  return (
    ['identity', 'dropout', 'noise', 'batchNorm'].includes(op.kind) || (op.kind === 'reshape' && shape.length === 1)
  );
}

function withoutSoftmax(graph: UnclassifiedGraph, softmax: Node | null): UnclassifiedGraph {
  if (softmax === null) return graph;
  const replaced: Node = { ...softmax, op: { kind: 'identity' } };
  return {
    ...graph,
    nodes: graph.nodes.map((node) => (node === softmax ? replaced : node)),
    byId: new Map(graph.byId).set(replaced.id, replaced),
  };
}

function typeOf(graph: UnclassifiedGraph, node: Node): string {
  return layerOf(graph, node).type;
}

/** What the file calls an activation function: that of a layer that is nothing else by the layer's type. */
function functionWord(graph: UnclassifiedGraph, node: Node): string {
  const { type, nodes } = layerOf(graph, node);
  const own = node.op.kind !== 'softmax' && nodes.length === 1 && type !== 'Activation';
  return own ? type : activationOf(node.op)!.name;
}

function wrongOutput(refuse: Refuse, { label }: Node, activation: string): FinePruneError {
  return refuse(
    'model.outputActivation',
    `The model ends in ${activation} ("${label}"); expected softmax, or logits without an activation function.`,
    'Only models that choose one class for each image can be defended.',
  );
}

const isOneUnit = ({ shape }: Node): boolean => shape.length === 1 && shape[0] === 1;

function oneOutput(refuse: Refuse, { label }: Node, activation: string): FinePruneError {
  const name = `"${label}"`;
  if (activation === 'sigmoid')
    return refuse(
      'model.oneClass',
      `The model is a binary classifier with one sigmoid output (${name}); this version needs at least two outputs, one per class.`,
      'Export it with a Dense layer of two units and softmax in its place: with the weights [0, w] and the biases [0, b] it gives the same answers, since sigmoid(z) is softmax([0, z])[1].',
    );
  return refuse(
    'model.oneClass',
    `The model has one output (${name}, ${activation}), which can't distinguish classes; this version needs at least two outputs, one per class.`,
    'Choose a classifier that ends in a Dense layer with one unit per class.',
  );
}
