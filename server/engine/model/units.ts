import type { ResolvedConfig } from '../../protocol/config/config';
import { badInput, type FinePruneError } from '../../protocol/errors';
import { activationOf } from './activation-functions';
import {
  layerNamed,
  layerOf,
  mainNode,
  nodeOf,
  parametersOf,
  soleConsumer,
  type Graph,
  type Layer,
  type Node,
  type Op,
} from './graph';
import type { UnitSite } from './model';
import { outgoingWeights, type OutgoingWeight } from './outgoing';

/** What silences units at a site, as plain data. */
export interface SitePlan {
  readonly site: UnitSite;
  /** Parameters whose entries for the pruned units are zeroed: index i of the last axis belongs to unit i mod units. */
  readonly incoming: readonly string[];
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
    return planFor(graph, layerNamed(graph, last)!, 'last', file).site;
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
  const layer = layerNamed(graph, named);
  if (!layer) {
    throw badInput(
      'layer.unknown',
      `The model has no layer "${named}"; it has ${list(prunableLayers(graph))} to prune.`,
      { file, place: '/layer', todo: 'Name one of these layers, or leave `layer` out.' },
    );
  }
  return planFor(graph, layer, 'named', file);
}

/** Labels of the layers that may be named, in order. */
export function prunableLayers(graph: Graph): string[] {
  return graph.layers.filter((layer) => isPrunable(graph, layer)).map(({ label }) => label);
}

/** Whether a layer may be named in a config's `layer`. */
export function isPrunable(graph: Graph, layer: Layer): boolean {
  try {
    planFor(graph, layer, 'named', undefined);
    return true;
  } catch {
    return false;
  }
}

/** Kinds of nodes that have units. */
const WITH_UNITS: ReadonlySet<Op['kind']> = new Set(['dense', 'conv2d', 'add']);

/** Kinds of nodes through which one goes back from the classifier to the layer that makes the units. */
const PASSED_BACK: ReadonlySet<Op['kind']> = new Set([
  'activation',
  'softmax',
  'prelu',
  'identity',
  'batchNorm',
  'dropout',
  'noise',
  'reshape',
  'pool',
  'globalPool',
  'pad',
  'affine',
]);

function penultimate(graph: Graph, file: string | undefined): Layer {
  const classifier = nodeOf(graph, graph.classifier);
  let node = nodeOf(graph, classifier.inputs[0]!);
  while (PASSED_BACK.has(node.op.kind)) node = nodeOf(graph, node.inputs[0]!);
  if (WITH_UNITS.has(node.op.kind)) return layerOf(graph, node);
  const todo = prunableLayers(graph);
  const why =
    node.op.kind === 'input'
      ? `there is no layer before the classifier "${classifier.label}"`
      : `"${node.label}" (${layerOf(graph, node).type}) comes before the classifier`;
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

function planFor(graph: Graph, layer: Layer, chosen: UnitSite['chosen'], file: string | undefined): SitePlan {
  const refuse = (why: string): FinePruneError => notPrunable(graph, layer, why, file);
  const node = mainNode(graph, layer);
  const { kind } = node.op;
  if (kind !== 'dense' && kind !== 'conv2d' && kind !== 'add')
    throw refuse('only Dense, Conv2D and Add layers have units');
  if (node.id === graph.classifier) throw refuse('it is the classifier, whose units are the classes');

  const units = node.shape.at(-1)!;
  const chain = chainOf(graph, node);
  const tap = chain.at(-1)!;
  const functions = chain.flatMap(({ op }) => activationOf(op) ?? []);
  if (functions.some(({ couples }) => couples)) throw refuse('its softmax makes every unit depend on all others');
  const traced = outgoingWeights(graph, tap, units);
  const silent = silence(chain);
  if (traced.revived)
    throw refuse(`"${traced.revived}" would turn a silenced unit into a constant that still counts downstream`);
  if (!silent && traced.blocked)
    throw refuse(
      `a silenced unit gives ${functions.at(-1)?.name ?? 'a sum'}(0), which is not 0, and "${traced.blocked}" passes it on where no weight can take it out`,
    );

  const isNormalisedLast =
    chain.findLastIndex(({ op }) => op.kind === 'batchNorm') >
    chain.findLastIndex(({ op }) => activationOf(op) !== null);
  const site: UnitSite = {
    layer: layer.label,
    kind: kind === 'dense' ? 'Dense' : kind === 'conv2d' ? 'Conv2D' : 'Add',
    chosen,
    units,
    activation: functions.at(-1)?.name ?? 'linear',
    canBeNegative: isNormalisedLast || (functions.at(-1)?.negative ?? true),
    tap: tap.id,
    feedsClassifier: feedsClassifier(graph, tap, units),
  };
  return {
    site,
    incoming: incomingWeights(graph, layer, chain),
    outgoing: silent && !traced.noisy ? [] : traced.weights,
  };
}

function notPrunable(graph: Graph, layer: Layer, why: string, file: string | undefined): FinePruneError {
  const others = graph.layers
    .filter((other) => {
      const { id, op } = mainNode(graph, other);
      return other !== layer && (op.kind === 'dense' || op.kind === 'conv2d') && id !== graph.classifier;
    })
    .map(({ label }) => label);
  return badInput('layer.notPrunable', `Layer "${layer.label}" (${layer.type}) can't be pruned: ${why}.`, {
    file,
    place: '/layer',
    todo: others.length
      ? `Name another layer in \`layer\`: ${list(others)}.`
      : 'This model has no other layer that could be pruned.',
  });
}

/**
 * The node and what belongs to its units: every node after it that works on each unit alone, up to the last activation or
 * batch normalisation that has to be seen together with it. That is one while no activation function was applied yet, and one
 * that does not keep 0 at 0: a unit that is 0 at the tap is then 0 up to the next weights. Ends where the output is read twice.
 */
function chainOf(graph: Graph, start: Node): Node[] {
  const walked = [start];
  let length = 1;
  let activated = false;
  for (
    let next = soleConsumer(graph, start);
    next && isPerUnit(next, start.shape.at(-1)!);
    next = soleConsumer(graph, next)
  ) {
    walked.push(next);
    const activation = activationOf(next.op);
    if (
      next.op.kind === 'batchNorm' ||
      next.op.kind === 'affine' ||
      (activation && (!activated || activation.atZero !== 0))
    )
      length = walked.length;
    activated ||= activation !== null;
  }
  return walked.slice(0, length);
}

/** Whether a node works on each unit by itself, and index i of its last axis still belongs to unit i mod units. */
function isPerUnit({ op, shape }: Node, units: number): boolean {
  return op.kind === 'reshape' ? shape.at(-1)! % units === 0 : PASSED_BACK.has(op.kind);
}

/** Whether zeroed incoming weights (and scale, offset) make a unit exactly 0 at the end of the chain. Never so for a sum. */
function silence([first, ...rest]: readonly Node[]): boolean {
  if (first!.op.kind === 'add') return false;
  let zero = true;
  for (const { op, parameters } of rest) {
    const activation = activationOf(op);
    if (activation) zero &&= activation.atZero === 0;
    // Scale 0 and offset 0 silence whatever comes in; without a scale, mean 0 and offset 0 keep a 0.
    else if (op.kind === 'batchNorm') zero ||= parameters.scale !== undefined;
    else if (op.kind === 'affine') zero &&= op.offset === 0;
  }
  return zero;
}

function incomingWeights(graph: Graph, layer: Layer, chain: readonly Node[]): string[] {
  const own = parametersOf(graph, layer).map(({ id }) => id);
  const norms = chain.filter(({ op }) => op.kind === 'batchNorm');
  return [
    ...own,
    ...norms.flatMap(({ parameters: { scale, offset, mean } }) =>
      [scale, offset, scale === undefined ? mean : undefined].filter((id) => id !== undefined),
    ),
  ];
}

/** Whether only inference-time identities lie between tap and classifier, and between the classifier and the logits. */
function feedsClassifier(graph: Graph, tap: Node, units: number): boolean {
  const comesFrom = (id: string, wanted: string): boolean =>
    id === wanted || (isIdentity(nodeOf(graph, id)) && comesFrom(nodeOf(graph, id).inputs[0]!, wanted));
  return (
    String(tap.shape) === String(units) &&
    comesFrom(nodeOf(graph, graph.classifier).inputs[0]!, tap.id) &&
    comesFrom(graph.output, graph.classifier)
  );
}

/** At inference. */
function isIdentity({ op, shape }: Node): boolean {
  return ['identity', 'dropout', 'noise'].includes(op.kind) || (op.kind === 'reshape' && shape.length === 1);
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'no layer';
  const shown = names
    .slice(0, 12)
    .map((n) => `"${n}"`)
    .join(', ');
  return names.length > 12 ? `${shown} and ${names.length - 12} more` : shown;
}
