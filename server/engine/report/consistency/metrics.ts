import {
  cleanConfusion,
  correctOf,
  labelCounts,
  triggeredConfusion,
  type Confusion,
  stageOf,
  stagesOf,
  type Stage,
} from '../../../protocol/report/confusion';
import type { DefenseReport, McNemar, Rate, StageMetrics } from '../../../protocol/report/report';
import { exactPValue } from '../../metrics/mcnemar';
import { rate, roundFigure } from '../../metrics/rate';
import type { Tell } from './consistency';
import { effectProblems } from './effect';

const STAGES = ['before', 'pruned', 'after'] as const;

/** Rates from their counts, counts from the confusion matrices, matrices of one data set from each other, and McNemar's test. */
export function metricProblems(report: DefenseReport, tell: Tell): void {
  for (const stage of STAGES) stageProblems(report, stage, tell);
  const { before, pruned, after } = stagesOf(report);
  const [cleanBefore, triggeredBefore] = [cleanConfusion(before), triggeredConfusion(before)];
  for (const [stage, metrics] of [
    ['pruned', pruned],
    ['after', after],
  ] as const) {
    sameImages(cleanBefore, cleanConfusion(metrics), `/confusion/${stage}/clean`, tell);
    const triggered = triggeredConfusion(metrics);
    if (triggeredBefore && triggered) sameImages(triggeredBefore, triggered, `/confusion/${stage}/triggered`, tell);
  }
  const { cleanAccuracy, attackSuccess } = report.comparison;
  const right = (matrix: Confusion): Cells => cells(matrix, (label) => matrix.count(label, label));
  mcnemarProblems(cleanAccuracy, right(cleanBefore), right(cleanConfusion(after)), '/comparison/cleanAccuracy', tell);
  const target = report.trigger?.target;
  const triggeredAfter = triggeredConfusion(after);
  if (
    attackSuccess &&
    target !== undefined &&
    triggeredBefore &&
    triggeredAfter &&
    omitted(before) + omitted(after) === 0
  ) {
    const taken = (matrix: Confusion): Cells => cells(matrix, (label) => matrix.count(label, target));
    mcnemarProblems(attackSuccess, taken(triggeredBefore), taken(triggeredAfter), '/comparison/attackSuccess', tell);
  }
  if ((attackSuccess === null) !== (report.trigger === null))
    tell.problem(
      'trigger',
      '/comparison/attackSuccess',
      'There must be a paired test of the attack if and only if there is a trigger.',
    );
}

type StageName = (typeof STAGES)[number];
type Trigger = NonNullable<DefenseReport['trigger']>;

function stageProblems(report: DefenseReport, stage: StageName, tell: Tell): void {
  const { trigger, data } = report;
  const metrics = stageOf(report, stage);
  const pointer = `/stages/${stage}`;
  const [clean, inputs] = [cleanConfusion(metrics), triggeredConfusion(metrics)];
  cleanProblems(metrics, clean, data, pointer, tell);
  const triggered = [metrics.attackSuccessRate, metrics.robustAccuracy, inputs];
  if (triggered.some((figure) => (figure === null) !== (trigger === null))) {
    tell.problem(
      'trigger',
      pointer,
      `\`${pointer}\` must have ASR, robust accuracy and triggered confusion exactly when there is a trigger.`,
    );
  }
  if (!trigger || !metrics.attackSuccessRate || !metrics.robustAccuracy || !inputs) return;
  attackProblems(metrics, inputs, trigger, pointer, tell);
  effectProblems(metrics, trigger, pointer, tell);
  if (trigger.kind !== 'samples') everyImageTriggered(clean, inputs, trigger, pointer, tell);
}

/** Clean accuracy and that of each class, from the confusion matrix of the test images. */
function cleanProblems(
  metrics: StageMetrics,
  clean: Confusion,
  data: DefenseReport['data'],
  pointer: string,
  tell: Tell,
): void {
  rateProblems(metrics.cleanAccuracy, `${pointer}/cleanAccuracy`, tell);
  tell.same(
    'confusion',
    `${pointer}/cleanAccuracy/hits`,
    metrics.cleanAccuracy.hits,
    correctOf(clean),
    'the diagonal of the confusion matrix sums to',
  );
  tell.same(
    'confusion',
    `${pointer}/cleanAccuracy/of`,
    metrics.cleanAccuracy.of,
    sum(labelCounts(clean)),
    'the confusion matrix holds',
  );
  tell.same(
    'images',
    `${pointer}/cleanAccuracy/of`,
    metrics.cleanAccuracy.of,
    data.test.images,
    '`/data/test/images` is',
  );
}

/** ASR and robust accuracy, from the confusion matrix of the triggered images. */
function attackProblems(metrics: Stage, inputs: Confusion, trigger: Trigger, pointer: string, tell: Tell): void {
  const [asr, robust] = [metrics.attackSuccessRate!, metrics.robustAccuracy!];
  rateProblems(asr, `${pointer}/attackSuccessRate`, tell);
  rateProblems(robust, `${pointer}/robustAccuracy`, tell);
  if (omitted(metrics) === 0)
    tell.same(
      'confusion',
      `${pointer}/attackSuccessRate/hits`,
      asr.hits,
      sum(labelsOf(inputs).map((label) => inputs.count(label, trigger.target))),
      "the target's column of the triggered confusion matrix sums to",
    );
  tell.same(
    'confusion',
    `${pointer}/robustAccuracy/hits`,
    robust.hits,
    correctOf(inputs),
    'the diagonal of the triggered confusion matrix sums to',
  );
  tell.same(
    'confusion',
    `${pointer}/attackSuccessRate/of`,
    asr.of,
    sum(labelCounts(inputs)),
    'the triggered confusion matrix holds',
  );
  tell.same('confusion', `${pointer}/robustAccuracy/of`, robust.of, asr.of, 'the ASR is measured on');
  tell.same('trigger', `${pointer}/attackSuccessRate/of`, asr.of, trigger.inputs, '`/trigger/inputs` is');
  tell.same(
    'trigger',
    `/confusion/${stageName(pointer)}/triggered/of/${trigger.target}`,
    inputs.of(trigger.target),
    0,
    'inputs of the target class do not count; there must be',
  );
}

/** A trigger that is stamped is stamped on every test image of the other classes. */
function everyImageTriggered(clean: Confusion, inputs: Confusion, trigger: Trigger, pointer: string, tell: Tell): void {
  for (const label of labelsOf(inputs)) {
    if (label !== trigger.target)
      tell.same(
        'trigger',
        `/confusion/${stageName(pointer)}/triggered/of/${label}`,
        inputs.of(label),
        clean.of(label),
        'every test image of the class gets the trigger, so it must be',
      );
  }
}

/** `before` of `/stages/before`. */
const stageName = (pointer: string): string => pointer.slice(pointer.lastIndexOf('/') + 1);

const labelsOf = ({ classes }: Confusion): number[] => Array.from({ length: classes }, (_, label) => label);

/** Images in cells that a matrix leaves out: sums over cells do not hold then. */
const omitted = ({ confusion }: Stage): number => confusion.clean.omitted + (confusion.triggered?.omitted ?? 0);

/** Rate and Wilson interval, worked out again from the counts. */
export function rateProblems(found: Rate, pointer: string, tell: Tell): void {
  const expected = rate(found.hits, found.of);
  for (const key of ['rate', 'low', 'high'] as const) {
    tell.same('rate', `${pointer}/${key}`, found[key], expected[key], `${found.hits} of ${found.of} gives`);
  }
}

function sameImages(before: Confusion, now: Confusion, pointer: string, tell: Tell): void {
  for (let label = 0; label < now.classes; label++) {
    tell.same(
      'confusion',
      `${pointer}/${label}`,
      now.of(label),
      before.of(label),
      'every stage is measured on the same images, and stage `before` has',
    );
  }
}

/** Hits and inputs of each true class. */
type Cells = { hits: number; of: number }[];

function cells(confusion: Confusion, hits: (label: number) => number): Cells {
  return Array.from({ length: confusion.classes }, (_, label) => ({ hits: hits(label), of: confusion.of(label) }));
}

/** Discordant pairs must account for the change in every class, and there can be no more of them than hits and misses allow. */
function mcnemarProblems(
  { onlyBefore, onlyAfter, pValue }: McNemar,
  before: Cells,
  after: Cells,
  pointer: string,
  tell: Tell,
): void {
  const hits = { before: sum(before.map((c) => c.hits)), after: sum(after.map((c) => c.hits)) };
  tell.same(
    'mcnemar',
    `${pointer}/onlyBefore`,
    onlyBefore - onlyAfter,
    hits.before - hits.after,
    `minus \`onlyAfter\`, it must equal what was lost (${hits.before} − ${hits.after}):`,
  );
  const least = sum(before.map((c, label) => Math.max(0, c.hits - after[label]!.hits)));
  const most = sum(before.map((c, label) => Math.min(c.hits, after[label]!.of - after[label]!.hits)));
  if (onlyBefore < least || onlyBefore > most) {
    tell.problem(
      'mcnemar',
      `${pointer}/onlyBefore`,
      `\`${pointer}/onlyBefore\` is ${onlyBefore}, but the confusion matrices allow ${least} to ${most}.`,
    );
  }
  const expected = roundFigure(exactPValue(onlyBefore, onlyAfter));
  // Logarithms may differ in their last bits from one engine to another.
  if (Math.abs(pValue - expected) > 1e-6 * Math.max(expected, 1e-300)) {
    tell.problem(
      'mcnemar',
      `${pointer}/pValue`,
      `\`${pointer}/pValue\` is ${pValue}, but ${onlyBefore} and ${onlyAfter} give ${expected}.`,
    );
  }
}

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
