import type { McNemar } from '../../protocol/report/report';
import type { OtherPixels } from '../../protocol/report/scan';

/** What is advised. Apart from the comparison itself, so that a report can be checked against it without an engine. */

/** What another setting must be better by: a share of the images, and McNemar's p-value. */
export const LEAST_GAIN = 0.02;
const MOST_P = 0.01;

/** Whether so many more images are right that it is no accident. */
export function clearlyBetter({ onlyBefore, onlyAfter, pValue }: McNemar, of: number): boolean {
  return onlyAfter - onlyBefore >= LEAST_GAIN * of && pValue < MOST_P;
}

/** Whether two settings are so near each other that the images compared can't tell which is the right one. */
export function isAlike(a: Pick<OtherPixels, 'after'>, b: Pick<OtherPixels, 'after'>): boolean {
  return Math.abs(a.after.hits - b.after.hits) < LEAST_GAIN * b.after.of;
}

/** `--scale 0.00392156862745098 --mean 0.5 --std 0.5` */
export function flagsOf({ scale, mean, std }: Pick<OtherPixels, 'scale' | 'mean' | 'std'>): string {
  return `--scale ${scale} --mean ${mean.join(',')} --std ${std.join(',')}`;
}
