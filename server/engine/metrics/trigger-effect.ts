import type { TriggerEffect } from '../../protocol/report/report';
import { rate, roundShare } from './rate';

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
    baseRate: baseRate(clean, target),
    ofTarget: [...ofTarget].sort(([a], [b]) => a - b),
    classes: paired ? changesByClass(clean, stamped, classes) : null,
    netWrong: roundShare(paired ? netWrong(clean, stamped) : expectedWrong(clean, stamped, classes)),
  };
}

/** Images of other classes that are taken for the target without any trigger. With twins, they are the very images of the ASR. */
function baseRate({ labels, predicted }: CleanPredictions, target: number): TriggerEffect['baseRate'] {
  let [hits, of] = [0, 0];
  labels.forEach((label, at) => {
    if (label === target) return;
    of++;
    if (predicted[at] === target) hits++;
  });
  return rate(hits, of);
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

/** Samples have no twins: what would be right of as many images of each class, less what is right of the samples. */
function expectedWrong(clean: CleanPredictions, stamped: StampedPredictions, classes: number): number {
  const [right, of] = [new Float64Array(classes), new Float64Array(classes)];
  clean.labels.forEach((label, at) => {
    of[label]!++;
    if (clean.predicted[at] === label) right[label]!++;
  });
  let net = 0;
  stamped.labels.forEach((label, at) => {
    if (of[label] === 0) return;
    net += right[label]! / of[label]! - Number(stamped.predicted[at] === label);
  });
  return stamped.labels.length === 0 ? 0 : net / stamped.labels.length;
}
