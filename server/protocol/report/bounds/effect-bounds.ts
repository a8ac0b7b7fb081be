import { MOST_CELLS } from '../confusion';
import type { StageConfusion, TriggerEffect } from '../metrics';
import { checkRate, count, index, length, refuse } from './bound-checks';

/** Bounds of the confusion matrices of a stage: lists of the right length, classes in range, each cell once. @throws Refused */
export function checkSparse({ clean, triggered }: StageConfusion, pointer: string, classes: number): void {
  for (const [name, matrix] of [
    ['clean', clean],
    ['triggered', triggered],
  ] as const) {
    if (!matrix) continue;
    const at = `${pointer}/${name}`;
    length(matrix.of, `${at}/of`, classes, 'one count per class');
    length(matrix.correct, `${at}/correct`, classes, 'one count per class');
    matrix.of.forEach((of, label) => count(matrix.correct[label]!, `${at}/correct/${label}`, of));
    const cells = matrix.wrong.reduce((n, { as }) => n + as.length, 0);
    if (matrix.omitted > 0 && cells < MOST_CELLS)
      refuse(`${at}/omitted`, `is ${matrix.omitted}, although ${cells} cells leave room for more; 0 was expected`);
    const seen = new Set<number>();
    matrix.wrong.forEach(({ label, as }, row) => {
      count(label, `${at}/wrong/${row}/label`, classes - 1);
      as.forEach(([predicted, images], place) => {
        const cell = `${at}/wrong/${row}/as/${place}`;
        count(predicted, `${cell}/0`, classes - 1);
        count(images, `${cell}/1`, matrix.of[label]!, 1);
        if (label === predicted) refuse(cell, 'is on the diagonal; `correct` holds those');
        if (seen.has(label * classes + predicted)) refuse(cell, 'names a cell a second time');
        seen.add(label * classes + predicted);
      });
    });
    const images = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
    const held =
      images(matrix.correct) + images(matrix.wrong.flatMap(({ as }) => as.map(([, n]) => n))) + matrix.omitted;
    if (held !== images(matrix.of))
      refuse(`${at}/of`, `sums to ${images(matrix.of)}; ${held} images were expected, right, wrong and omitted`);
  }
}

/** Bounds of what a trigger does. @throws Refused */
export function checkEffect(
  { baseRate, ofTarget, classes: changed }: TriggerEffect,
  pointer: string,
  classes: number,
): void {
  checkRate(baseRate, `${pointer}/baseRate`);
  index(
    ofTarget.map(([predicted]) => predicted),
    classes,
    `${pointer}/ofTarget`,
    'class',
  );
  index(changed?.map((one) => one.class) ?? [], classes, `${pointer}/classes`, 'class');
}
