import { MOST_CELLS } from '../../protocol/report/confusion';
import type { SparseConfusion } from '../../protocol/report/report';

/** A square matrix of counts, as reports hold it for many classes. Of more cells than fit, those with the most images are kept. */
export function sparseConfusion(matrix: readonly (readonly number[])[]): SparseConfusion {
  const cells = matrix.flatMap((row, label) =>
    row.flatMap((images, predicted): SparseConfusion['wrong'] =>
      images > 0 && predicted !== label ? [[label, predicted, images]] : [],
    ),
  );
  const kept =
    cells.length <= MOST_CELLS
      ? cells
      : [...cells]
          .sort((a, b) => b[2] - a[2] || inOrder(a, b))
          .slice(0, MOST_CELLS)
          .sort(inOrder);
  const images = (list: SparseConfusion['wrong']): number => list.reduce((sum, cell) => sum + cell[2], 0);
  return {
    of: matrix.map((row) => row.reduce((a, b) => a + b, 0)),
    correct: matrix.map((row, label) => row[label]!),
    wrong: kept,
    omitted: images(cells) - images(kept),
  };
}

const inOrder = (a: readonly number[], b: readonly number[]): number => a[0]! - b[0]! || a[1]! - b[1]!;
