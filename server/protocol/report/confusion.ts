import type { Rate, SparseConfusion, StageConfusion, StageMetrics } from './metrics';
import type { DefenseReport } from './report';

/** Up to this many classes a report has means by class. */
export const MOST_FULL_CLASSES = 100;
/** Cells off the diagonal that a sparse matrix holds at most, those with the most images: 5,000 are some 80 kB. */
export const MOST_CELLS = 5_000;

/** A confusion matrix, however a report holds it. */
export interface Confusion {
  readonly classes: number;
  /** Images of a true class. */
  of(label: number): number;
  count(label: number, predicted: number): number;
  /** Cells off the diagonal that hold images, by true class, then by predicted class. */
  wrong(): Iterable<readonly [label: number, predicted: number, images: number]>;
}

/** The figures of a stage with the counts that they are from, which a report has at its end. */
export type Stage = StageMetrics & { confusion: StageConfusion };

type Staged = Pick<DefenseReport, 'stages' | 'confusion'>;

/** A stage of a report, with its counts. */
export function stageOf({ stages, confusion }: Staged, name: keyof DefenseReport['stages']): Stage {
  return { ...stages[name], confusion: confusion[name] };
}

/** All three. */
export function stagesOf(report: Staged): Record<keyof DefenseReport['stages'], Stage> {
  return { before: stageOf(report, 'before'), pruned: stageOf(report, 'pruned'), after: stageOf(report, 'after') };
}

/** The same the other way round: figures, and the counts that they are from, as a report has them. */
export function stagesApart(all: Record<keyof DefenseReport['stages'], Stage>): Staged {
  const each = <T>(of: (stage: Stage) => T) => ({
    before: of(all.before),
    pruned: of(all.pruned),
    after: of(all.after),
  });
  return {
    stages: each(figuresOf),
    confusion: each(({ confusion }) => confusion),
  };
}

function figuresOf({ cleanAccuracy, attackSuccessRate, robustAccuracy, effect }: Stage): StageMetrics {
  return { cleanAccuracy, attackSuccessRate, robustAccuracy, ...(effect && { effect }) };
}

/** Over the clean test images. */
export function cleanConfusion({ confusion }: Pick<Stage, 'confusion'>): Confusion {
  return ofSparse(confusion.clean);
}

/** Over the triggered inputs of the ASR; null without a trigger. */
export function triggeredConfusion({ confusion }: Pick<Stage, 'confusion'>): Confusion | null {
  return confusion.triggered && ofSparse(confusion.triggered);
}

export function ofSparse({ of, correct, wrong }: SparseConfusion): Confusion {
  const counts = new Map(
    wrong.flatMap(({ label, as }) => as.map(([predicted, images]) => [label * of.length + predicted, images] as const)),
  );
  return {
    classes: of.length,
    of: (label) => of[label] ?? 0,
    count: (label, predicted) =>
      label === predicted ? (correct[label] ?? 0) : (counts.get(label * of.length + predicted) ?? 0),
    *wrong() {
      for (const { label, as } of wrong) for (const [predicted, images] of as) yield [label, predicted, images];
    },
  };
}

/** Images of each true class. */
export function labelCounts(confusion: Confusion): number[] {
  return Array.from({ length: confusion.classes }, (_, label) => confusion.of(label));
}

/** Images classified as labelled. */
export function correctOf(confusion: Confusion): number {
  return Array.from({ length: confusion.classes }, (_, label) => confusion.count(label, label)).reduce(
    (a, b) => a + b,
    0,
  );
}

/** Number of classes of the model that a report is of. */
export function classesOf({ confusion }: Pick<DefenseReport, 'confusion'>): number {
  return confusion.before.clean.of.length;
}

/** Images of a class that are classified as labelled: share, count and number. */
export function classRate(stage: Pick<Stage, 'confusion'>, label: number): Pick<Rate, 'rate' | 'hits' | 'of'> {
  const confusion = cleanConfusion(stage);
  const [hits, of] = [confusion.count(label, label), confusion.of(label)];
  return { rate: of === 0 ? 0 : hits / of, hits, of };
}
