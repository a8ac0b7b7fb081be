import type { ResolvedConfig } from '../../protocol/config';
import { badInput, type FinePruneError } from '../../protocol/errors';
import { activationOf, layerOf, type Graph, type GraphLayer } from './graph';
import type { UnitSite } from './model';
import { outgoingWeights, type OutgoingWeight } from './outgoing';

/** A weight whose entries for the pruned units are zeroed: index i of its last axis belongs to unit i mod units. */
export interface IncomingWeight {
  readonly layer: string;
  readonly weight: string;
}

/** What silences units at a site, as plain data. */
export interface SitePlan {
  readonly site: UnitSite;
  readonly incoming: readonly IncomingWeight[];
  /** Weights that read the units; empty where zeroed incoming weights already bring every unit to 0. */
  readonly outgoing: readonly OutgoingWeight[];
}

/**
 * Where units are measured and masked. Without a name: the penultimate layer, found by following the classifier's input back
 * through activations, BatchNormalization, dropout, Flatten and pooling.
 *
 * @param file the config whose `layer` names it, for messages
 * @throws FinePruneError `layer.unknown` (lists the layers there are), `layer.notPrunable` with the reason,
 *   `layer.noPenultimate` when no layer with units lies before the classifier
 */
export function findUnitSite(graph: Graph, named?: string | null, file?: string): UnitSite {
  return planSite(graph, named, file).site;
}

/**
 * Where a strategy measures, and prunes unless it chooses another layer: what its config names, else the penultimate layer, else,
 * where that can't be pruned (a Concatenate before the classifier has no units), the last layer that can.
 *
 * @throws FinePruneError as `findUnitSite` does where there is no layer to prune at all
 */
export function strategySite(graph: Graph, named: string | null, file?: string): UnitSite {
  try {
    return findUnitSite(graph, named, file);
  } catch (error) {
    const last = named === null && prunableLayers(graph).at(-1);
    if (!last) throw error;
    return planFor(graph, layerOf(graph, last), 'last', file).site;
  }
}

/** The site that a config asks for: a strategy's, else the reference recipe's. Throws as `findUnitSite` does. */
export function configuredSite(
  graph: Graph,
  { layer, strategy }: Pick<ResolvedConfig, 'layer' | 'strategy'>,
  file?: string,
): UnitSite {
  return strategy ? strategySite(graph, layer, file) : findUnitSite(graph, layer, file);
}

/** The site together with the weights to zero. Throws as `findUnitSite` does. */
export function planSite(graph: Graph, named?: string | null, file?: string): SitePlan {
  if (named === undefined || named === null) return planFor(graph, penultimate(graph, file), 'penultimate', file);
  const layer = graph.byName.get(named);
  if (!layer) {
    throw badInput(
      'layer.unknown',
      `The model has no layer "${named}"; it has ${list(prunableLayers(graph))} to prune.`,
      { file, place: '/layer', todo: 'Name one of these layers, or leave `layer` out.' },
    );
  }
  return planFor(graph, layer, 'named', file);
}

/** Names of the layers that may be named, in order. */
export function prunableLayers(graph: Graph): string[] {
  return graph.layers.filter((layer) => isPrunable(graph, layer)).map((layer) => layer.name);
}

/** Whether a layer may be named in a config's `layer`. */
export function isPrunable(graph: Graph, layer: GraphLayer): boolean {
  try {
    planFor(graph, layer, 'named', undefined);
    return true;
  } catch {
    return false;
  }
}

/** Kinds of layers through which one goes back from the classifier to the layer that makes the units. */
const PASSED_BACK = new Set([
  'activation',
  'relu',
  'leakyRelu',
  'elu',
  'prelu',
  'batchNorm',
  'dropout',
  'gaussianNoise',
  'gaussianDropout',
  'flatten',
  'reshape',
  'pool',
  'globalPool',
  'zeroPadding',
  'rescaling',
]);

function penultimate(graph: Graph, file: string | undefined): GraphLayer {
  let layer = layerOf(graph, layerOf(graph, graph.classifier).inputs[0]!);
  while (PASSED_BACK.has(layer.op.kind)) layer = layerOf(graph, layer.inputs[0]!);
  if (['dense', 'conv2d', 'add'].includes(layer.op.kind)) return layer;
  const todo = prunableLayers(graph);
  const why =
    layer.op.kind === 'input'
      ? `there is no layer before the classifier "${graph.classifier}"`
      : `"${layer.name}" (${layer.className}) comes before the classifier`;
  throw badInput(
    'layer.noPenultimate',
    `No layer to prune was found: ${why}, and only Dense, Conv2D and Add layers have units.`,
    {
      file,
      place: '/layer',
      todo: todo.length
        ? `Name the layer to prune in \`layer\`: ${list(todo)}.`
        : 'This model has no hidden layer that could be pruned.',
    },
  );
}

function planFor(graph: Graph, layer: GraphLayer, chosen: UnitSite['chosen'], file: string | undefined): SitePlan {
  const refuse = (why: string): FinePruneError => {
    const others = graph.layers
      .filter((l) => l !== layer && (l.op.kind === 'dense' || l.op.kind === 'conv2d') && l.name !== graph.classifier)
      .map((l) => l.name);
    return badInput('layer.notPrunable', `Layer "${layer.name}" (${layer.className}) can't be pruned: ${why}.`, {
      file,
      place: '/layer',
      todo: others.length
        ? `Name another layer in \`layer\`: ${list(others)}.`
        : 'This model has no other layer that could be pruned.',
    });
  };
  const { op } = layer;
  if (op.kind !== 'dense' && op.kind !== 'conv2d' && op.kind !== 'add')
    throw refuse('only Dense, Conv2D and Add layers have units');
  if (layer.name === graph.classifier) throw refuse('it is the classifier, whose units are the classes');

  const chain = chainOf(graph, layer);
  const tap = chain.at(-1)!;
  const function_ = chain
    .map((l) => activationOf(l.op))
    .filter((a) => a !== null && a.name !== 'linear')
    .at(-1);
  if (chain.some((l) => activationOf(l.op)?.couples)) throw refuse('its softmax makes every unit depend on all others');
  const units = layer.outputShape.at(-1)!;
  const traced = outgoingWeights(graph, tap, units);
  const silent = silence(chain);
  if (traced.revived)
    throw refuse(`"${traced.revived}" would turn a silenced unit into a constant that still counts downstream`);
  if (!silent && traced.blocked)
    throw refuse(
      `a silenced unit gives ${function_?.name ?? 'a sum'}(0), which is not 0, and "${traced.blocked}" passes it on where no weight can take it out`,
    );

  const lastLinear =
    chain.findLastIndex((l) => l.op.kind === 'batchNorm') >
    chain.findLastIndex((l) => (activationOf(l.op)?.name ?? 'linear') !== 'linear');
  const site: UnitSite = {
    layer: layer.name,
    kind: op.kind === 'dense' ? 'Dense' : op.kind === 'conv2d' ? 'Conv2D' : 'Add',
    chosen,
    units,
    activation: function_?.name ?? 'linear',
    canBeNegative: lastLinear || (function_?.negative ?? true),
    tap: tap.name,
    feedsClassifier: feedsClassifier(graph, tap, units),
    classifier: graph.classifier,
  };
  return { site, incoming: incomingWeights(layer, chain), outgoing: silent && !traced.noisy ? [] : traced.weights };
}

/**
 * The layer and what belongs to its units: every layer after it that works on each unit alone, up to the last activation or
 * BatchNormalization that has to be seen together with it. That is one while no activation function was applied yet, and one
 * that does not keep 0 at 0: a unit that is 0 at the tap is then 0 up to the next weights. Ends where the output is read twice.
 */
function chainOf(graph: Graph, layer: GraphLayer): GraphLayer[] {
  const walked = [layer];
  let length = 1;
  let activated = isNonlinear(layer);
  for (
    let next = soleConsumer(graph, layer);
    next && isPerUnit(next, layer.outputShape.at(-1)!);
    next = soleConsumer(graph, next)
  ) {
    walked.push(next);
    if (
      next.op.kind === 'batchNorm' ||
      next.op.kind === 'rescaling' ||
      (isNonlinear(next) && (!activated || activationOf(next.op)!.atZero !== 0))
    )
      length = walked.length;
    activated ||= isNonlinear(next);
  }
  return walked.slice(0, length);
}

function soleConsumer(graph: Graph, layer: GraphLayer): GraphLayer | null {
  const readers = graph.consumers.get(layer.name)!;
  return readers.length === 1 ? layerOf(graph, readers[0]!) : null;
}

function isNonlinear(layer: GraphLayer): boolean {
  return (activationOf(layer.op)?.name ?? 'linear') !== 'linear';
}

/** Whether a layer works on each unit by itself, and index i of its last axis still belongs to unit i mod units. */
function isPerUnit({ op, outputShape }: GraphLayer, units: number): boolean {
  if (op.kind === 'flatten' || op.kind === 'reshape') return outputShape.at(-1)! % units === 0;
  return (
    (activationOf(op) !== null && op.kind !== 'dense' && op.kind !== 'conv2d' && op.kind !== 'depthwise') ||
    [
      'batchNorm',
      'rescaling',
      'dropout',
      'gaussianNoise',
      'gaussianDropout',
      'pool',
      'globalPool',
      'zeroPadding',
    ].includes(op.kind)
  );
}

/** Whether zeroed incoming weights (and gamma, beta) make a unit exactly 0 at the end of the chain. Never so for a sum. */
function silence(chain: readonly GraphLayer[]): boolean {
  let zero = chain[0]!.op.kind !== 'add';
  for (const { op } of chain) {
    const activation = activationOf(op);
    if (activation) zero &&= activation.atZero === 0;
    // gamma = 0 and beta = 0 silence whatever comes in; without gamma, moving_mean = 0 and beta = 0 keep a 0.
    else if (op.kind === 'batchNorm') zero ||= op.scale;
    else if (op.kind === 'rescaling') zero &&= op.offset === 0;
  }
  return zero && chain[0]!.op.kind !== 'add';
}

function incomingWeights(layer: GraphLayer, chain: readonly GraphLayer[]): IncomingWeight[] {
  const own = layer.weights.map(({ name }) => ({ layer: layer.name, weight: name }));
  const norms = chain.filter((l) => l.op.kind === 'batchNorm');
  return [
    ...own,
    ...norms.flatMap(({ name, op, weights }) => {
      const scaled = op.kind === 'batchNorm' && op.scale;
      const zeroed = scaled ? ['gamma', 'beta'] : ['beta', 'moving_mean'];
      return weights.filter((w) => zeroed.includes(w.name)).map((w) => ({ layer: name, weight: w.name }));
    }),
  ];
}

/** Whether only inference-time identities lie between tap and classifier, and between the classifier and the logits. */
function feedsClassifier(graph: Graph, tap: GraphLayer, units: number): boolean {
  const readsTap = (name: string): boolean =>
    name === tap.name || (isIdentity(layerOf(graph, name)) && readsTap(layerOf(graph, name).inputs[0]!));
  const givesLogits = (name: string): boolean =>
    name === graph.classifier || (isIdentity(layerOf(graph, name)) && givesLogits(layerOf(graph, name).inputs[0]!));
  return (
    String(tap.outputShape) === String(units) &&
    readsTap(layerOf(graph, graph.classifier).inputs[0]!) &&
    givesLogits(graph.output) &&
    !isNonlinear(layerOf(graph, graph.classifier))
  );
}

function isIdentity({ op, outputShape }: GraphLayer): boolean {
  if (op.kind === 'activation') return op.activation === 'linear';
  return (
    ['dropout', 'gaussianNoise', 'gaussianDropout'].includes(op.kind) ||
    ((op.kind === 'flatten' || op.kind === 'reshape') && outputShape.length === 1)
  );
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'no layer';
  const shown = names
    .slice(0, 12)
    .map((n) => `"${n}"`)
    .join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}
