import { imageWeights } from '../metrics/base-rate';
import { nodeOf } from '../model/graph';
import type { OpenModel, UnitSite } from '../model/model';
import { TAIL_CURVE_POINTS, curvePoints, imagesWithin, type CurveHits } from './curve-plan';
import { denseCurveHits, type DenseTail, type Taken } from './dense-curve';
import { subsetOf, turn, type InputSource, type PassOptions } from '../pass/inputs';
import type { Measured } from '../pass/measure';
import { tailCurveHits, tailWork } from './tail-curve';

/** One data set of a curve: its inputs and, when a pass has already kept them, its activations. */
export interface CurveSet {
  source: InputSource;
  measured: Measured | null;
  wanted: 'labels' | number;
  /** Also asks for the share of the inputs of other classes that are taken for this one, weighted as `imageWeights` says. */
  base?: { target: number; samples: ArrayLike<number> | null };
}

/** Draws `count` of `n` positions, ascending, with the run's seed. */
export type Draw = (n: number, count: number) => Int32Array;

/**
 * Hits of one data set at every number of pruned units: all n + 1 from cached activations when the layer feeds the
 * classifier, else at most 65 points by running the tail, on a seeded subset when all images would cost too much.
 * @param budget multiply-adds that this data set may cost; Infinity takes all images
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function curveHits(
  set: CurveSet,
  site: UnitSite,
  order: Int32Array,
  draw: Draw,
  budget: number,
  options: PassOptions,
): Promise<CurveHits> {
  const { model } = options;
  const { source, measured } = set;
  const wantedOf = (s: InputSource) => (set.wanted === 'labels' ? s.labels : set.wanted);
  const takenOf = ({ labels }: InputSource, points: number): Taken | undefined =>
    set.base && {
      target: set.base.target,
      weights: imageWeights(labels, set.base.samples, set.base.target, model.classes),
      shares: new Float64Array(points),
    };
  if (measured?.activations) {
    const rows = imagesWithin(source.count, site.units * model.classes * 2, budget);
    const tail = denseTail(model, site);
    const points = curvePoints(site.units, site.units + 1);
    if (rows === source.count) {
      const taken = takenOf(source, points.length);
      return {
        points,
        hits: await denseHits(measured.activations, tail, order, wantedOf(source), options, taken),
        inputs: rows,
        ...(taken && { taken: taken.shares }),
      };
    }
    const positions = draw(source.count, rows);
    const activations = new Float32Array(rows * site.units);
    positions.forEach((p, r) =>
      activations.set(measured.activations!.subarray(p * site.units, (p + 1) * site.units), r * site.units),
    );
    const subset = subsetOf(source, positions);
    const taken = takenOf(subset, points.length);
    return {
      points,
      hits: await denseHits(activations, tail, order, wantedOf(subset), options, taken),
      inputs: rows,
      ...(taken && { taken: taken.shares }),
    };
  }
  const points = curvePoints(site.units, TAIL_CURVE_POINTS);
  const rows = imagesWithin(source.count, points.length * tailWork(model, site), budget);
  const subset = rows === source.count ? source : subsetOf(source, draw(source.count, rows));
  const taken = takenOf(subset, points.length);
  return {
    points,
    hits: await tailCurveHits(subset, site, order, points, set.wanted, options, taken),
    inputs: rows,
    ...(taken && { taken: taken.shares }),
  };
}

/** Multiply-adds between two looks at the signal: some 20 ms. */
const DENSE_PIECE = 1e7;

/** As `denseCurveHits`, some images at a time, so that a cancellation gets through. */
async function denseHits(
  activations: Float32Array,
  tail: DenseTail,
  order: Int32Array,
  wanted: Int32Array | number,
  { signal, onImages }: PassOptions,
  taken?: Taken,
): Promise<Uint32Array> {
  const { units, classes } = tail;
  const images = activations.length / units;
  const piece = Math.max(1, Math.floor(DENSE_PIECE / (2 * units * classes)));
  const hits = new Uint32Array(order.length + 1);
  for (let start = 0; start < images; start += piece) {
    const end = Math.min(images, start + piece);
    const piecemeal = taken && { ...taken, weights: taken.weights.subarray(start, end) };
    denseCurveHits(
      activations.subarray(start * units, end * units),
      tail,
      order,
      typeof wanted === 'number' ? wanted : wanted.subarray(start, end),
      piecemeal,
    ).forEach((n, k) => (hits[k]! += n));
    onImages?.(end, images);
    await turn(signal);
  }
  return hits;
}

/** The classifier as plain arrays; call it before pruning touches the weights. */
export function denseTail({ graph, network, classes }: OpenModel, site: UnitSite): DenseTail {
  const { kernel, bias } = nodeOf(graph, graph.classifier).parameters;
  return {
    units: site.units,
    classes,
    kernel: network.read(kernel!),
    bias: bias === undefined ? new Float32Array(classes) : network.read(bias),
  };
}
