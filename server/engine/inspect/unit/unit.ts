import type { Picture, UnitData } from '../../../protocol/messages/inspect';
import type { InputSource } from '../../pass/inputs';
import { denseTail } from '../../pruning/curve';
import { allIndices } from '../../data/roles';
import { layerNamed, mainNode, parameterOf } from '../../model/graph';
import type { OpenModel } from '../../model/model';
import type { Analysed } from '../analyse';
import { histogramOf } from './histogram';
import type { LayerState } from '../layer-state';
import type { Subject } from '../subject';
import { unitSentence } from './unit-sentence';

/** Images that excite a unit most: three rows of three. */
const TOP = 9;

/** All about one unit, from what its layer's analysis has kept. @param unit in [0, units) */
export function unitData(held: LayerState, unit: number): UnitData {
  const { clean, triggered, site, model, state, subject, data } = held;
  const onClean = columnOf(clean, unit);
  const onTriggered = triggered && columnOf(triggered, unit);
  const outgoing = site.feedsClassifier
    ? denseTail(model, site).kernel.slice(unit * model.classes, (unit + 1) * model.classes)
    : null;
  return {
    kind: 'unit',
    layer: site.layer,
    state,
    unit,
    sentence: unitSentence({
      word: layerNamed(model.graph, site.layer)!.shape.length > 1 ? 'channel' : 'neuron',
      pruned: data.pruned[unit] === 1,
      dead: data.dead[unit] === 1,
      images: clean.source.count,
      cleanMean: clean.statistics.mean()[unit]!,
      cleanFires: data.cleanFires[unit]!,
      triggered: onTriggered && {
        mean: triggered!.statistics.mean()[unit]!,
        fires: data.triggeredFires![unit]!,
        woken: onTriggered.some((value) => differs(value, onClean[0]!)),
      },
      target: subject.trigger?.target ?? null,
      estimated: subject.trigger?.config.kind === 'inverted',
      outgoing,
    }),
    histogram: histogramOf(onClean, onTriggered),
    perClass: { clean: classMeans(clean, unit), triggered: triggered && classMeans(triggered, unit) },
    top: {
      clean: pictures(clean, onClean, subject.roles.analysis.indices),
      triggered: triggered && onTriggered ? pictures(triggered, onTriggered, triggeredIndices(subject)) : null,
    },
    filter: filterOf(model, site.layer, unit),
    outgoing,
  };
}

/** One unit's activation on each input. */
export function columnOf({ activations, source, statistics: { units } }: Analysed, unit: number): Float32Array {
  const column = new Float32Array(source.count);
  for (let i = 0, at = unit; i < column.length; i++, at += units) column[i] = activations[at]!;
  return column;
}

/** By more than means over positions differ in float32. */
function differs(a: number, b: number): boolean {
  return Math.abs(a - b) > 1e-5 * Math.max(Math.abs(a), Math.abs(b));
}

function classMeans({ statistics }: Analysed, unit: number): Float32Array {
  return Float32Array.from(statistics.perClass(unit));
}

/** Index of each triggered input in the test split, or in the person's own images. */
function triggeredIndices({ trigger, triggered }: Subject): Int32Array {
  const samples = trigger?.samples;
  return samples
    ? allIndices(samples.count).filter((index) => samples.labels[index] !== triggered!.target)
    : triggered!.testIndex;
}

/** @param indices index of each input of the whole set in its split */
function pictures({ source, positions, predicted }: Analysed, column: Float32Array, indices: Int32Array): Picture[] {
  const best = highest(column, TOP);
  const bytes = best.length ? pixelBytes(source, best) : [];
  return best.map((position, i) => {
    const inSet = positions ? positions[position]! : position;
    return {
      index: indices[inSet]!,
      pixels: bytes[i]!,
      label: source.labels[position]!,
      predicted: predicted[position]!,
      activation: column[position]!,
    };
  });
}

/** Positions of the highest values, highest first, ties by lower position. */
function highest(column: Float32Array, count: number): number[] {
  return Array.from(column.keys())
    .sort((a, b) => column[b]! - column[a]! || a - b)
    .slice(0, count);
}

/** The named inputs' pixels as bytes, 0 for 0 and 255 for 1. */
export function pixelBytes(source: Pick<InputSource, 'pixels'>, positions: readonly number[]): Uint8Array[] {
  const pixels = source.pixels(positions);
  const size = pixels.length / positions.length;
  return positions.map((_, i) =>
    Uint8Array.from(pixels.subarray(i * size, (i + 1) * size), (value) =>
      Math.round(Math.min(1, Math.max(0, value)) * 255),
    ),
  );
}

/** The kernel of a channel of a convolution that reads the images themselves; null for every other unit. */
function filterOf({ graph, network }: OpenModel, layer: string, unit: number): UnitData['filter'] {
  const node = mainNode(graph, layerNamed(graph, layer)!);
  if (node.op.kind !== 'conv2d' || node.inputs[0] !== graph.input) return null;
  const { id, shape } = parameterOf(graph, node.parameters.kernel!);
  const [height, width, channels, filters] = shape as [number, number, number, number];
  const all = network.read(id);
  return {
    height,
    width,
    channels,
    values: Float32Array.from({ length: height * width * channels }, (_, i) => all[i * filters + unit]!),
  };
}
