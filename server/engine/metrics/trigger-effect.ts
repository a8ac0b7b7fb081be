import type { TriggerEffect } from '../../protocol/report/report';
import { baseRateOf, classCounts, countsFor, expectedWrong } from './base-rate';
import { roundShare } from './rate';

/** Images without the trigger, of all classes: true and predicted class. */
interface CleanPredictions {
  labels: Int32Array;
  predicted: Int32Array;
}

/** Images with the trigger, those of the target class too. */
export interface StampedPredictions extends CleanPredictions {
  /** Place of the same image among the clean ones; −1 where there is none: a person's own samples. */
  positions: Int32Array;
}

/** What a trigger does to the test images: see the type. A class that gains and loses no image is left out. */
export function triggerEffect(
  clean: CleanPredictions,
  stamped: StampedPredictions,
  target: number,
  classes: number,
): TriggerEffect {
  const paired = stamped.positions.every((position) => position >= 0);
  const ofTarget = new Map<number, number>();
  stamped.labels.forEach((label, at) => {
    const predicted = stamped.predicted[at]!;
    if (label === target) ofTarget.set(predicted, (ofTarget.get(predicted) ?? 0) + 1);
  });
  return {
    baseRate: baseRateOf(
      countsFor(clean.labels, clean.predicted, target, classes),
      paired ? null : classCounts(stamped.labels, classes),
      target,
    ),
    ofTarget: [...ofTarget].sort(([a], [b]) => a - b),
    classes: paired ? changesByClass(clean, stamped, classes) : null,
    netWrong: roundShare(
      paired ? netWrong(clean, stamped) : expectedWrong(rightOf(clean, classes), rightOf(stamped, classes)),
    ),
  };
}

function changesByClass(
  clean: CleanPredictions,
  stamped: StampedPredictions,
  classes: number,
): NonNullable<TriggerEffect['classes']> {
  const [gained, lost] = [new Int32Array(classes), new Int32Array(classes)];
  stamped.positions.forEach((position, at) => {
    const [label, without, withTrigger] = [stamped.labels[at]!, clean.predicted[position]!, stamped.predicted[at]!];
    if (without === withTrigger) return;
    if (withTrigger !== label) gained[withTrigger]!++;
    if (without !== label) lost[without]!++;
  });
  const all = Array.from({ length: classes }, (_, c) => ({ class: c, gained: gained[c]!, lost: lost[c]! }));
  return all.filter((one) => one.gained + one.lost > 0);
}

function netWrong(clean: CleanPredictions, stamped: StampedPredictions): number {
  let net = 0;
  stamped.positions.forEach((position, at) => {
    const label = stamped.labels[at];
    net += Number(clean.predicted[position] === label) - Number(stamped.predicted[at] === label);
  });
  return stamped.labels.length === 0 ? 0 : net / stamped.labels.length;
}

function rightOf({ labels, predicted }: CleanPredictions, classes: number): { of: Int32Array; hits: Int32Array } {
  const [of, hits] = [classCounts(labels, classes), new Int32Array(classes)];
  labels.forEach((label, at) => {
    if (predicted[at] === label) hits[label]!++;
  });
  return { of, hits };
}
