import { cleanConfusion, triggeredConfusion, type Confusion, type Stage } from '../../../protocol/report/confusion';
import type { DefenseReport, TriggerEffect } from '../../../protocol/report/report';
import { baseRateOf, expectedWrong } from '../../metrics/base-rate';
import { roundShare } from '../../metrics/rate';
import type { Tell } from './consistency';
import { rateProblems, sum } from './metrics';

/** What a trigger is said to do, against the confusion matrices: gained less lost is what the columns differ by. */
export function effectProblems(
  metrics: Stage,
  trigger: NonNullable<DefenseReport['trigger']>,
  pointer: string,
  tell: Tell,
): void {
  const { effect, confusion } = metrics;
  const inputs = triggeredConfusion(metrics);
  if (!effect || !inputs) return;
  const clean = cleanConfusion(metrics);
  const at = `${pointer}/effect`;
  const { target } = trigger;
  const labels = Array.from({ length: clean.classes }, (_, label) => label);
  tell.same(
    'effect',
    `${at}/baseRate/of`,
    effect.baseRate.of,
    sum(labels.map((label) => (label === target ? 0 : clean.of(label)))),
    'the number of test images of other classes is',
  );
  tell.same(
    'effect',
    `${at}/classes`,
    effect.classes === null,
    trigger.kind === 'samples',
    'only samples have no untriggered counterparts, so whether it is null must be',
  );
  const complete = confusion.clean.omitted + (confusion.triggered?.omitted ?? 0) === 0;
  if (complete)
    tell.same(
      'effect',
      `${at}/baseRate/hits`,
      effect.baseRate.hits,
      sum(labels.map((label) => (label === target ? 0 : clean.count(label, target)))),
      "the target's column of the confusion matrix has",
    );
  const row = new Map(effect.ofTarget);
  if (effect.classes === null)
    return samplesProblems(effect, { clean, inputs, row, labels, target, complete, at }, tell);
  rateProblems(effect.baseRate, `${at}/baseRate`, tell);
  tell.same(
    'effect',
    `${at}/ofTarget`,
    sum([...row.values()]),
    clean.of(target),
    'every test image of the target class gets the trigger, so it must be',
  );
  const stamped = (label: number, predicted: number): number =>
    label === target ? (row.get(predicted) ?? 0) : inputs.count(label, predicted);
  const wrong = sum(labels.map((label) => clean.count(label, label) - stamped(label, label)));
  tell.same(
    'effect',
    `${at}/netWrong`,
    effect.netWrong,
    roundShare(wrong / sum(labels.map((label) => clean.of(label)))),
    'the confusion matrices give',
  );
  if (!complete) return;
  const changes = new Map(effect.classes.map((one) => [one.class, one.gained - one.lost]));
  const columns = netColumns(metrics, stamped, labels, target);
  for (const c of labels)
    tell.same(
      'effect',
      `${at}/classes`,
      changes.get(c) ?? 0,
      columns[c]!,
      `gained minus lost for class ${c} must equal the change that the trigger makes in its column,`,
    );
}

interface Samples {
  clean: Confusion;
  inputs: Confusion;
  /** What those of the target class are taken for. */
  row: ReadonlyMap<number, number>;
  labels: readonly number[];
  target: number;
  /** Whether the matrices leave no cell out. */
  complete: boolean;
  at: string;
}

/** Samples have no twins: both figures are of clean images with the samples' classes. */
function samplesProblems(
  effect: TriggerEffect,
  { clean, inputs, row, labels, target, complete, at }: Samples,
  tell: Tell,
): void {
  const of = labels.map((label) => clean.of(label));
  const samples = labels.map((label) => (label === target ? sum([...row.values()]) : inputs.of(label)));
  if (complete) {
    const expected = baseRateOf({ of, hits: labels.map((label) => clean.count(label, target)) }, samples, target);
    for (const key of ['rate', 'low', 'high'] as const)
      tell.same(
        'rate',
        `${at}/baseRate/${key}`,
        effect.baseRate[key],
        expected[key],
        "the confusion matrix, weighted by the samples' classes, gives",
      );
  }
  const right = { of, hits: labels.map((label) => clean.count(label, label)) };
  const wrong = expectedWrong(right, {
    of: samples,
    hits: labels.map((label) => (label === target ? (row.get(target) ?? 0) : inputs.count(label, label))),
  });
  tell.same(
    'effect',
    `${at}/netWrong`,
    effect.netWrong,
    roundShare(wrong),
    "the confusion matrices, weighted by the samples' classes, give",
  );
}

/** With the trigger less without it: images that are not labelled so and are taken for each class. Only cells that hold images are read. */
function netColumns(
  metrics: Stage,
  stamped: (label: number, predicted: number) => number,
  labels: readonly number[],
  target: number,
): number[] {
  const net = labels.map(() => 0);
  for (const [label, predicted, images] of triggeredConfusion(metrics)!.wrong())
    if (label !== target) net[predicted]! += images;
  for (const predicted of labels) if (predicted !== target) net[predicted]! += stamped(target, predicted);
  for (const [, predicted, images] of cleanConfusion(metrics).wrong()) net[predicted]! -= images;
  return net;
}
