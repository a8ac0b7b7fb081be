import type { Stage } from '../../protocol/report/confusion';
import { rate } from './rate';
import { sparseConfusion } from './sparse-confusion';
import { triggerEffect, type StampedPredictions } from './trigger-effect';

/** What a model said of the clean test images and, when a trigger is known, of the triggered inputs. */
export interface Predictions {
  /** Predicted class of each clean test image. */
  clean: Int32Array;
  /** Predicted class of each triggered non-target input; null without a trigger. */
  triggered: Int32Array | null;
  /** Predicted class of each triggered input of the target class; where they are absent, nothing is said of the trigger's effect. */
  ofTarget?: Int32Array | null;
}

/** The labels those predictions are judged by. */
export interface Truth {
  classes: number;
  clean: Int32Array;
  /** `positions`: place of each triggered input among the clean test images, those of the target class beside them; −1 without one. */
  triggered: { labels: Int32Array; target: number; positions?: Int32Array; positionsOfTarget?: Int32Array } | null;
}

/**
 * Clean accuracy, ASR and robust accuracy with counts and 95 % Wilson intervals, and confusion matrices. ASR and robust accuracy are over the same triggered inputs, none of which is of the target class.
 */
export function stageMetrics(predictions: Predictions, truth: Truth): Stage {
  const clean = confusionMatrix(truth.clean, predictions.clean, truth.classes);
  const correct = clean.reduce((sum, row, label) => sum + row[label]!, 0);
  const metrics: Stage = {
    cleanAccuracy: rate(correct, truth.clean.length),
    attackSuccessRate: null,
    robustAccuracy: null,
    confusion: { clean: sparseConfusion(clean), triggered: null },
  };
  if (truth.triggered && predictions.triggered) {
    const { labels, target } = truth.triggered;
    const triggered = confusionMatrix(labels, predictions.triggered, truth.classes);
    metrics.confusion.triggered = sparseConfusion(triggered);
    metrics.attackSuccessRate = rate(
      triggered.reduce((sum, row) => sum + row[target]!, 0),
      labels.length,
    );
    metrics.robustAccuracy = rate(
      triggered.reduce((sum, row, label) => sum + row[label]!, 0),
      labels.length,
    );
    const stamped = stampedOf(predictions, truth);
    if (stamped)
      metrics.effect = triggerEffect(
        { labels: truth.clean, predicted: predictions.clean },
        stamped,
        target,
        truth.classes,
      );
  }
  return metrics;
}

function stampedOf({ triggered, ofTarget }: Predictions, { triggered: truth }: Truth): StampedPredictions | null {
  if (!truth?.positions || !truth.positionsOfTarget || !triggered || !ofTarget) return null;
  const labelsOfTarget = new Int32Array(ofTarget.length).fill(truth.target);
  return {
    labels: joined(truth.labels, labelsOfTarget),
    predicted: joined(triggered, ofTarget),
    positions: joined(truth.positions, truth.positionsOfTarget),
  };
}

function joined(a: Int32Array, b: Int32Array): Int32Array {
  const all = new Int32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** counts[true class][predicted class]. */
export function confusionMatrix(labels: Int32Array, predicted: Int32Array, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]![predicted[i]!]!++;
  return counts;
}

/** 1 where the prediction is the wanted class; `wanted` is one class or one an input. */
export function outcomes(predicted: Int32Array, wanted: Int32Array | number): Uint8Array {
  const hits = new Uint8Array(predicted.length);
  for (let i = 0; i < hits.length; i++)
    hits[i] = predicted[i] === (typeof wanted === 'number' ? wanted : wanted[i]) ? 1 : 0;
  return hits;
}

/** Index of the largest of `classes` values at each row; the first of ties. `values` has rows·classes entries. */
export function argMaxRows(values: Float32Array | Float64Array, classes: number): Int32Array {
  const rows = values.length / classes;
  const best = new Int32Array(rows);
  for (let r = 0; r < rows; r++) {
    let at = 0;
    for (let c = 1; c < classes; c++) if (values[r * classes + c]! > values[r * classes + at]!) at = c;
    best[r] = at;
  }
  return best;
}

/** How many predictions differ. */
export function changes(a: Int32Array, b: Int32Array): number {
  return a.reduce((n, v, i) => n + (v === b[i] ? 0 : 1), 0);
}
