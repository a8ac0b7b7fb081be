import type { CurvePoint, PruningCurve } from '../../protocol/report/report';
import { drawn } from '../data/random';
import { allIndices } from '../data/roles';
import type { InputSource, PassOptions } from '../pass/inputs';
import type { Measured } from '../pass/measure';
import type { Subject } from '../pass/subject';
import type { MeasuredInputs } from '../triggers/triggered-inputs';
import { curveHits, type Draw } from './curve';
import { curveBudgets, type CurveHits } from './curve-plan';
import { largestWithinLimit } from './stopping';

interface CurveInputs {
  test: InputSource;
  onTest: Measured;
  triggered: MeasuredInputs | null;
  onTriggered: Measured | null;
  holdout: InputSource | null;
  onHoldout: Measured | null;
}

/**
 * Clean accuracy and ASR of the model as it is, for every number of units pruned in this order, and how many of them the limit on clean
 * accuracy allows on held-out images.
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function pruningCurve(
  { config, site }: Subject,
  order: Int32Array,
  sets: CurveInputs,
  pass: PassOptions,
): Promise<{ curve: PruningCurve; limit: PruningCurve['largestWithinLimit'] }> {
  const draw: Draw = (n, count) => drawn(allIndices(n), count, config.seed, 'curve');
  const budgets = curveBudgets(config.curve, sets.triggered !== null);
  // The points of both have to be the same: all of them from kept activations, or fewer where either was too large to keep.
  const kept = sets.onTest.activations !== null && (sets.onTriggered === null || sets.onTriggered.activations !== null);
  const clean = await curveHits(
    { source: sets.test, measured: kept ? sets.onTest : null, wanted: 'labels' },
    site,
    order,
    draw,
    budgets.clean,
    pass,
  );
  const success: CurveHits | null =
    sets.triggered &&
    (await curveHits(
      { source: sets.triggered, measured: kept ? sets.onTriggered : null, wanted: sets.triggered.target },
      site,
      order,
      draw,
      budgets.triggered,
      pass,
    ));
  const heldOut =
    sets.holdout &&
    (await curveHits(
      { source: sets.holdout, measured: sets.onHoldout, wanted: 'labels' },
      site,
      order,
      draw,
      budgets.holdout,
      pass,
    ));
  const limit = heldOut && largestWithinLimit(heldOut, config.gates.maxAccuracyDrop);
  const points: CurvePoint[] = clean.points.map((pruned, at) => ({
    pruned,
    correct: clean.hits[at]!,
    successful: success && success.hits[at]!,
  }));
  const subset = clean.inputs < sets.test.count || (success !== null && success.inputs < sets.triggered!.count);
  return {
    curve: {
      points,
      images: clean.inputs,
      triggeredImages: success && success.inputs,
      subset,
      largestWithinLimit: limit,
    },
    limit,
  };
}
