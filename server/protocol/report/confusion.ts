import type { Rate, SparseConfusion, StageMetrics } from './metrics';

/** Up to this many classes a report holds confusion matrices in full. */
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

/** Over the clean test images. */
export function cleanConfusion({ confusion, sparse }: Pick<StageMetrics, 'confusion' | 'sparse'>): Confusion {
  return sparse ? ofSparse(sparse.clean) : ofMatrix(confusion);
}

/** Over the triggered inputs of the ASR; null without a trigger. */
export function triggeredConfusion({
  triggeredConfusion: matrix,
  sparse,
}: Pick<StageMetrics, 'triggeredConfusion' | 'sparse'>): Confusion | null {
  if (sparse) return sparse.triggered && ofSparse(sparse.triggered);
  return matrix && ofMatrix(matrix);
}

export function ofMatrix(matrix: readonly (readonly number[])[]): Confusion {
  const sums = matrix.map((row) => row.reduce((a, b) => a + b, 0));
  return {
    classes: matrix.length,
    of: (label) => sums[label] ?? 0,
    count: (label, predicted) => matrix[label]?.[predicted] ?? 0,
    *wrong() {
      for (const [label, row] of matrix.entries()) {
        for (const [predicted, images] of row.entries())
          if (images > 0 && predicted !== label) yield [label, predicted, images];
      }
    },
  };
}

export function ofSparse({ of, correct, wrong }: SparseConfusion): Confusion {
  const counts = new Map(wrong.map(([label, predicted, images]) => [label * of.length + predicted, images]));
  return {
    classes: of.length,
    of: (label) => of[label] ?? 0,
    count: (label, predicted) =>
      label === predicted ? (correct[label] ?? 0) : (counts.get(label * of.length + predicted) ?? 0),
    wrong: () => wrong,
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
export function classesOf({ stages }: { stages: { before: StageMetrics } }): number {
  return cleanConfusion(stages.before).classes;
}

/** Images of a class that are classified as labelled: count and number, for views that show no interval above 100 classes. */
export function classRate(stage: StageMetrics, label: number): Pick<Rate, 'rate' | 'hits' | 'of'> {
  const full = stage.perClass[label];
  if (full) return full;
  const confusion = cleanConfusion(stage);
  const [hits, of] = [confusion.count(label, label), confusion.of(label)];
  return { rate: of === 0 ? 0 : hits / of, hits, of };
}
