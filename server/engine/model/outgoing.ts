import { activationOf } from './activation-functions';
import { nodeOf, type Graph, type Node } from './graph';

/** A parameter that reads units. */
export interface OutgoingWeight {
  readonly parameter: string;
  /** Axis of the parameter that runs over its input. */
  readonly axis: number;
  /** For each index on that axis the unit it reads, or -1. */
  readonly unitOf: Int32Array;
}

export interface Outgoing {
  readonly weights: readonly OutgoingWeight[];
  /** Label of a layer that passes units on where no weight can take them out (a sum, or a reshape that mixes them); null when none does. */
  readonly blocked: string | null;
  /** Label of a layer between tap and weights that turns 0 into something else; null when none does. */
  readonly revived: string | null;
  /** Whether a node between tap and weights adds noise in training, to silenced units too. */
  readonly noisy: boolean;
}

/** Kinds of nodes whose kernel reads units, and the axis of the kernel that does. */
const INPUT_AXES = { dense: 0, conv2d: 2, depthwise: 2 } as const;

/**
 * Every weight that reads the tap's units, traced forward through nodes that keep units apart: pooling, dropout, padding,
 * elementwise activations, reshapes (unit c of C is read by the rows r with r mod C = c) and concatenation.
 */
export function outgoingWeights(graph: Graph, tap: Node, units: number): Outgoing {
  const weights: OutgoingWeight[] = [];
  let blocked: string | null = null;
  let revived: string | null = null;
  let noisy = false;
  // A map for each tensor: a concatenation may be reached in several ways.
  const maps = new Map<string, Int32Array>([
    [tap.id, Int32Array.from({ length: tap.shape.at(-1)! }, (_, i) => i % units)],
  ]);
  for (const node of graph.nodes) {
    if (node.id === tap.id || !node.inputs.some((id) => maps.has(id))) continue;
    const unitOf = maps.get(node.inputs[0]!);
    const { op, label } = node;
    switch (op.kind) {
      case 'dense':
      case 'conv2d':
      case 'depthwise':
        weights.push({ parameter: node.parameters.kernel!, axis: INPUT_AXES[op.kind], unitOf: unitOf! });
        break;
      case 'add':
        blocked ??= label;
        break;
      case 'concat':
        maps.set(node.id, joined(node, maps, graph));
        break;
      case 'reshape': {
        const size = node.shape.at(-1)!;
        const channels = unitOf!.length;
        // Row-major order: the last axis stays whole where the new one is a multiple of it.
        if (size % channels === 0)
          maps.set(
            node.id,
            Int32Array.from({ length: size }, (_, r) => unitOf![r % channels]!),
          );
        else blocked ??= label;
        break;
      }
      default: {
        const activation = activationOf(op);
        if (
          op.kind === 'batchNorm' ||
          (op.kind === 'affine' && op.offset !== 0) ||
          (activation && activation.atZero !== 0)
        )
          revived ??= label;
        noisy ||= op.kind === 'noise' && op.how === 'add';
        if (activation?.couples) blocked ??= label;
        else maps.set(node.id, unitOf!);
      }
    }
  }
  return { weights, blocked, revived, noisy };
}

function joined(node: Node, maps: ReadonlyMap<string, Int32Array>, graph: Graph): Int32Array {
  return Int32Array.from(
    node.inputs.flatMap((id) => [...(maps.get(id) ?? new Int32Array(nodeOf(graph, id).shape.at(-1)!).fill(-1))]),
  );
}
