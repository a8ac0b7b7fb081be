import type { CurvePoints } from './curve-chart';

/** The outcome that the lines show with `count` units gone: measured, or on the straight line between the two nearest measured. */
export function valueAt(pruned: Int32Array, values: Float64Array, count: number): number {
  let low = 0;
  let high = pruned.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((pruned[middle] ?? 0) <= count) low = middle;
    else high = middle;
  }
  const from = pruned[low] ?? 0;
  const to = pruned[high] ?? 0;
  const at = to === from ? 0 : Math.max(0, Math.min(1, (count - from) / (to - from)));
  return (values[low] ?? NaN) * (1 - at) + (values[high] ?? NaN) * at;
}

/** Where the two lines are farthest from each other: the place to name them. */
export function widestGap({ clean, attack }: CurvePoints): number {
  if (!attack) return clean.length >> 1;
  let widest = 0;
  let gap = -1;
  clean.forEach((share, i) => {
    const here = Math.abs(share - (attack[i] ?? 0));
    if (here > gap) [gap, widest] = [here, i];
  });
  return widest;
}
