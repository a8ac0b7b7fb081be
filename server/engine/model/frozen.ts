import { layerOf, nodeOf, parametersOf, type Graph, type Node } from './graph';

/** A layer that is not fine-tuned, with the reason. */
export interface FrozenLayer {
  readonly layer: string;
  readonly reason: string;
}

/**
 * Layers that are not fine-tuned, with the reason: TF.js has no gradient for dilated convolutions, on any engine. None passes
 * through such a layer to the layers before it either.
 */
export function frozenLayers(graph: Graph): FrozenLayer[] {
  const reasons = new Map<string, string>();
  for (const node of graph.nodes) {
    const why = withoutGradient(node);
    if (why === null) continue;
    reasons.set(node.label, why);
    for (const before of ancestors(graph, node))
      if (!reasons.has(before))
        reasons.set(
          before,
          `lies before "${node.label}" (${layerOf(graph, node).type}), through which no gradient passes`,
        );
  }
  return graph.layers
    .filter((layer) => reasons.has(layer.label) && parametersOf(graph, layer).length > 0)
    .map(({ label }) => ({ layer: label, reason: reasons.get(label)! }));
}

function withoutGradient({ op }: Node): string | null {
  return (op.kind === 'conv2d' || op.kind === 'depthwise') && Math.max(...op.dilation) > 1
    ? 'dilated convolutions have no gradient'
    : null;
}

/** Labels of the layers whose outputs a node depends on. */
function ancestors(graph: Graph, node: Node): Set<string> {
  const found = new Set<string>();
  const labels = new Set<string>();
  const open = [...node.inputs];
  while (open.length > 0) {
    const id = open.pop()!;
    if (found.has(id)) continue;
    found.add(id);
    const { label, inputs } = nodeOf(graph, id);
    labels.add(label);
    open.push(...inputs);
  }
  return labels;
}
