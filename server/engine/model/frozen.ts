import type { Graph, GraphLayer } from './graph';

/**
 * Layers that are not fine-tuned, with the reason: TF.js has no gradient for dilated convolutions, on any engine. None passes
 * through such a layer to the layers before it either.
 */
export function frozenLayers(graph: Graph): { layer: string; reason: string }[] {
  const reasons = new Map<string, string>();
  for (const layer of graph.layers) {
    const why = withoutGradient(layer);
    if (why === null) continue;
    reasons.set(layer.name, why);
    for (const before of ancestors(graph, layer))
      if (!reasons.has(before))
        reasons.set(before, `lies before "${layer.name}" (${layer.className}), through which no gradient passes`);
  }
  return graph.layers
    .filter((l) => l.weights.length > 0 && reasons.has(l.name))
    .map((l) => ({ layer: l.name, reason: reasons.get(l.name)! }));
}

function withoutGradient({ op }: GraphLayer): string | null {
  return (op.kind === 'conv2d' || op.kind === 'depthwise') && Math.max(...op.dilation) > 1
    ? 'dilated convolutions have no gradient'
    : null;
}

function ancestors(graph: Graph, layer: GraphLayer): Set<string> {
  const found = new Set<string>();
  const open = [...layer.inputs];
  while (open.length > 0) {
    const name = open.pop()!;
    if (found.has(name)) continue;
    found.add(name);
    open.push(...graph.byName.get(name)!.inputs);
  }
  return found;
}
