import { MOST_CELLS } from '../../protocol/report/confusion';
import type { SparseConfusion } from '../../protocol/report/report';

type Cell = readonly [label: number, predicted: number, images: number];

/** A square matrix of counts, as reports hold it. Of more cells than fit, those with the most images are kept. */
export function sparseConfusion(matrix: readonly (readonly number[])[]): SparseConfusion {
  const cells = matrix.flatMap((row, label) =>
    row.flatMap((images, predicted): Cell[] => (images > 0 && predicted !== label ? [[label, predicted, images]] : [])),
  );
  const kept =
    cells.length <= MOST_CELLS ? cells : [...cells].sort((a, b) => b[2] - a[2] || inOrder(a, b)).slice(0, MOST_CELLS);
  const images = (list: readonly Cell[]): number => list.reduce((sum, cell) => sum + cell[2], 0);
  return {
    of: matrix.map((row) => row.reduce((a, b) => a + b, 0)),
    correct: matrix.map((row, label) => row[label]!),
    wrong: byLabel([...kept].sort(inOrder)),
    omitted: images(cells) - images(kept),
  };
}

/** @param cells by true class */
function byLabel(cells: readonly Cell[]): SparseConfusion['wrong'] {
  const rows: SparseConfusion['wrong'] = [];
  for (const [label, predicted, images] of cells) {
    const last = rows.at(-1);
    if (last?.label === label) last.as.push([predicted, images]);
    else rows.push({ label, as: [[predicted, images]] });
  }
  return rows;
}

const inOrder = (a: Cell, b: Cell): number => a[0] - b[0] || a[1] - b[1];
