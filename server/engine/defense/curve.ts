import type { OpenModel, UnitSite } from '../model/model';
import { TAIL_CURVE_POINTS, curvePoints, imagesWithin, type CurveHits } from './curve-plan';
import { denseCurveHits, type DenseTail } from './dense-curve';
import { subsetOf, type InputSource, type PassOptions } from './inputs';
import type { Measured } from './measure';
import { tailCurveHits, tailWork } from './tail-curve';

/** One data set of a curve: its inputs and, when a pass has already kept them, its activations. */
export interface CurveSet {
  source: InputSource;
  measured: Measured | null;
  wanted: 'labels' | number;
}

/** Draws `count` of `n` positions, ascending, with the run's seed. */
export type Draw = (n: number, count: number) => Int32Array;

/**
 * Hits of one data set at every number of pruned units: all n + 1 from cached activations when the layer feeds the
 * classifier, else at most 65 points by running the tail, on a seeded subset when all images would cost too much.
 * @param budget multiply-adds that this data set may cost; Infinity takes all images
 */
export async function curveHits(set: CurveSet, site: UnitSite, order: Int32Array, draw: Draw, budget: number, options: PassOptions): Promise<CurveHits> {
  const { model } = options;
  const { source, measured } = set;
  const wantedOf = (s: InputSource) => (set.wanted === 'labels' ? s.labels : set.wanted);
  if (measured?.activations) {
    const rows = imagesWithin(source.count, site.units * model.classes * 2, budget);
    const tail = denseTail(model, site);
    const points = curvePoints(site.units, site.units + 1);
    if (rows === source.count) return { points, hits: denseCurveHits(measured.activations, tail, order, wantedOf(source)), inputs: rows };
    const positions = draw(source.count, rows);
    const activations = new Float32Array(rows * site.units);
    positions.forEach((p, r) => activations.set(measured.activations!.subarray(p * site.units, (p + 1) * site.units), r * site.units));
    return { points, hits: denseCurveHits(activations, tail, order, wantedOf(subsetOf(source, positions))), inputs: rows };
  }
  const points = curvePoints(site.units, TAIL_CURVE_POINTS);
  const rows = imagesWithin(source.count, points.length * tailWork(model, site), budget);
  const subset = rows === source.count ? source : subsetOf(source, draw(source.count, rows));
  return { points, hits: await tailCurveHits(subset, site, order, points, set.wanted, options), inputs: rows };
}

/** The classifier as plain arrays; call it before pruning touches the weights. */
export function denseTail(model: OpenModel, site: UnitSite): DenseTail {
  const [kernel, bias] = model.net.getLayer(site.classifier).getWeights();
  return {
    units: site.units,
    classes: model.classes,
    kernel: kernel!.dataSync() as Float32Array,
    bias: bias ? (bias.dataSync() as Float32Array) : new Float32Array(model.classes),
  };
}
