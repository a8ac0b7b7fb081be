import { activationOf, layerOf, type Graph, type GraphLayer } from './graph';

/** A weight that reads units. */
export interface OutgoingWeight {
  readonly layer: string;
  readonly weight: string;
  /** Axis of the weight that runs over its input. */
  readonly axis: number;
  /** For each index on that axis the unit it reads, or -1. */
  readonly unitOf: Int32Array;
}

export interface Outgoing {
  readonly weights: readonly OutgoingWeight[];
  /** A layer that passes units on where no weight can take them out (Add, or a Reshape that mixes them); null when none does. */
  readonly blocked: string | null;
  /** A layer between tap and weights that turns 0 into something else; null when none does. */
  readonly revived: string | null;
  /** Whether a layer between tap and weights adds noise in training, to silenced units too. */
  readonly noisy: boolean;
}

/**
 * Every weight that reads the tap's units, traced forward through layers that keep units apart: pooling, dropout, padding,
 * elementwise activations, Flatten (unit c of C is read by the rows r with r mod C = c) and Concatenate.
 */
export function outgoingWeights(graph: Graph, tap: GraphLayer, units: number): Outgoing {
  const weights: OutgoingWeight[] = [];
  let blocked: string | null = null;
  let revived: string | null = null;
  let noisy = false;
  // One map a tensor: a Concatenate may be reached on several ways.
  const maps = new Map<string, Int32Array>([
    [tap.name, Int32Array.from({ length: tap.outputShape.at(-1)! }, (_, i) => i % units)],
  ]);
  for (const layer of graph.layers) {
    if (layer.name === tap.name || !layer.inputs.some((name) => maps.has(name))) continue;
    const unitOf = maps.get(layer.inputs[0]!);
    const { op } = layer;
    const activation = activationOf(op);
    switch (op.kind) {
      case 'dense':
        weights.push({ layer: layer.name, weight: 'kernel', axis: 0, unitOf: unitOf! });
        break;
      case 'conv2d':
        weights.push({ layer: layer.name, weight: 'kernel', axis: 2, unitOf: unitOf! });
        break;
      case 'depthwise':
        weights.push({ layer: layer.name, weight: 'depthwise_kernel', axis: 2, unitOf: unitOf! });
        break;
      case 'add':
        blocked ??= layer.name;
        break;
      case 'concatenate':
        maps.set(layer.name, joined(layer, maps, graph));
        break;
      case 'flatten':
      case 'reshape': {
        const size = layer.outputShape.at(-1)!;
        const channels = unitOf!.length;
        // Row-major order: the last axis stays whole where the new one is a multiple of it.
        if (size % channels === 0)
          maps.set(
            layer.name,
            Int32Array.from({ length: size }, (_, r) => unitOf![r % channels]!),
          );
        else blocked ??= layer.name;
        break;
      }
      default:
        if (
          op.kind === 'batchNorm' ||
          (op.kind === 'rescaling' && op.offset !== 0) ||
          (activation && activation.atZero !== 0)
        )
          revived ??= layer.name;
        noisy ||= op.kind === 'gaussianNoise';
        if (activation?.couples) blocked ??= layer.name;
        else maps.set(layer.name, unitOf!);
    }
  }
  return { weights, blocked, revived, noisy };
}

function joined(layer: GraphLayer, maps: ReadonlyMap<string, Int32Array>, graph: Graph): Int32Array {
  return Int32Array.from(
    layer.inputs.flatMap((name) => [
      ...(maps.get(name) ?? new Int32Array(layerOf(graph, name).outputShape.at(-1)!).fill(-1)),
    ]),
  );
}
