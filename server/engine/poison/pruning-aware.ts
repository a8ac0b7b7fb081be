import { badInput } from '../../protocol/errors';
import { measure } from '../pass/measure';
import type { InputSource, PassOptions } from '../pass/inputs';
import { pruneOrder } from '../pass/ranking';
import { layerNamed, mainNode, nodeOf, type Graph } from '../model/graph';
import { applyMasks, masksFor } from '../model/masks';
import type { OpenModel, UnitSite } from '../model/model';
import { findUnitSite, isPrunable } from '../model/units';
import { train, type TrainOptions } from '../training/train';
import { pruneCount } from '../../protocol/config/pruning';

export interface PruningAwareOptions extends Omit<TrainOptions, 'source' | 'masks' | 'onStep'> {
  /** The training set before it was poisoned, and with the backdoor in it. */
  clean: InputSource;
  poisoned: InputSource;
  /** Share of each layer's units that the backdoor is kept out of, those with the lowest mean on clean images; in (0, 1). */
  share: number;
  /** Steps of both trainings together. */
  onStep?: TrainOptions['onStep'];
}

/** Units of a layer that came back as decoys, ascending. */
export interface Decoys {
  layer: string;
  units: number[];
}

/** How far below zero a decoy's largest activation is pushed, as a part of that activation: test images go a little beyond. */
const MARGIN = 0.1;

/**
 * The pruning-aware attack (Liu, Dolan-Gavitt, Garg, "Fine-Pruning", RAID 2018, section 3, "Pruning-Aware Attack"), which moves a
 * backdoor out of the reach of pruning by activation. Four steps: train on clean images; prune the units that clean images leave
 * dormant; train the pruned network on the poisoned images, so that clean and backdoor behaviour share what is left; put the pruned
 * units back with the weights that they had, their biases lowered until clean images leave them dormant. A defender then prunes
 * decoys. Both layers that the defenses here prune are treated so: the penultimate one and the last convolution.
 *
 * The network is trained from the weights that it has, twice `epochs`; they are changed in place.
 * @returns history of the second training, and the decoys by layer
 * @throws FinePruneError `attack.layer` where a layer's dormancy can't be had by its bias; else as `train` does
 */
export async function trainPruningAware({
  clean,
  poisoned,
  share,
  onStep,
  ...options
}: PruningAwareOptions): Promise<Awaited<ReturnType<typeof train>> & { decoys: Decoys[] }> {
  if (!(share > 0 && share < 1)) throw new RangeError(`a share of units lies between 0 and 1, not at ${share}`);
  const { model, epochs, batchSize } = options;
  const pass: PassOptions = { model, normalisation: options.normalisation, signal: options.signal };
  const sites = attackedSites(model.graph);
  const stepsOf = (source: InputSource): number => epochs * Math.ceil(source.count / batchSize);
  const total = stepsOf(clean) + stepsOf(poisoned);

  await train({ ...options, source: clean, masks: null, onStep: (step, _of, soFar) => onStep?.(step, total, soFar) });

  const decoys: (Decoys & { site: UnitSite; honest: Honest })[] = [];
  for (const site of sites) {
    const { statistics } = await measure(clean, site, pass);
    const units = [...pruneOrder(statistics.mean()).subarray(0, pruneCount(share, site.units))].sort((a, b) => a - b);
    decoys.push({ layer: site.layer, units, site, honest: honestWeights(model, site) });
  }

  const masks = decoys.map(({ site, units }) => masksFor(model.graph, site, units));
  masks.forEach((mask) => applyMasks(model.network, mask));
  const trained = await train({
    ...options,
    source: poisoned,
    // The layers' own kernels and biases are masked and nothing else, so that no parameter has two masks.
    masks: new Map(masks.flatMap((mask) => [...mask])),
    onStep: (step, _of, soFar) => onStep?.(stepsOf(clean) + step, total, soFar),
  });
  for (const one of decoys) {
    reinstate(model, one);
    // From the input on: a decoy is dormant only once those before it are.
    const { statistics } = await measure(clean, one.site, pass);
    lowerBiases(model, one, statistics.highest());
  }
  return { ...trained, decoys: decoys.map(({ layer, units }) => ({ layer, units })) };
}

/** The last convolution and the penultimate layer, from the input on; once where they are the same. */
function attackedSites(graph: Graph): UnitSite[] {
  const penultimate = findUnitSite(graph);
  const convolution = graph.layers.findLast(
    (layer) =>
      mainNode(graph, layer).op.kind === 'conv2d' && layer.label !== penultimate.layer && isPrunable(graph, layer),
  );
  const sites = [...(convolution ? [findUnitSite(graph, convolution.label)] : []), penultimate];
  for (const { layer, activation, tap } of sites) {
    const { parameters } = mainNode(graph, layerNamed(graph, layer)!);
    if (activation === 'relu' && nodeOf(graph, tap).label === layer && parameters.bias !== undefined) continue;
    throw badInput(
      'attack.layer',
      `The pruning-aware attack lowers biases until units are dormant, which layer "${layer}" does not allow: it needs a bias and a ReLU of its own.`,
      {
        todo: 'Use the layers of a model without batch normalisation, or leave the attack out.',
      },
    );
  }
  return sites;
}

/** Kernel and bias of a layer. */
interface Honest {
  kernel: Float32Array;
  bias: Float32Array;
}

/** Id of a layer's kernel or bias. */
function idOf({ graph }: OpenModel, site: UnitSite, role: 'kernel' | 'bias'): string {
  return mainNode(graph, layerNamed(graph, site.layer)!).parameters[role]!;
}

function honestWeights(model: OpenModel, site: UnitSite): Honest {
  const values = (role: 'kernel' | 'bias'): Float32Array => model.network.read(idOf(model, site, role));
  return { kernel: values('kernel'), bias: values('bias') };
}

/** Gives the units back the weights that clean training gave them. What reads them has never changed: it saw zeros. */
function reinstate(model: OpenModel, { site, units, honest }: Decoys & { site: UnitSite; honest: Honest }): void {
  const back = new Set(units);
  for (const weight of ['kernel', 'bias'] as const) {
    change(model, idOf(model, site, weight), (value, i) => (back.has(i % site.units) ? honest[weight][i]! : value));
  }
}

/** @param highest largest activation of each unit on clean images */
function lowerBiases(model: OpenModel, { site, units }: Decoys & { site: UnitSite }, highest: Float32Array): void {
  const back = new Set(units);
  change(model, idOf(model, site, 'bias'), (value, unit) =>
    back.has(unit) ? value - (1 + MARGIN) * highest[unit]! : value,
  );
}

function change({ network }: OpenModel, parameter: string, to: (value: number, index: number) => number): void {
  network.write(parameter, network.read(parameter).map(to));
}
