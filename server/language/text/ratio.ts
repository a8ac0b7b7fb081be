import { pruneCount } from '../../protocol/config/pruning';

/**
 * The shortest decimal share of `units` that prunes exactly `count` of them by the rule of `prune.ratio`, ⌊ratio·units + 1e-9⌋: 0.2 for 25
 * of 128. @param count 0 to `units`
 */
export function ratioFor(count: number, units: number): number {
  if (count === 0 || units === 0) return 0;
  // Every share in [count / units, (count + 1) / units) prunes as many; the one with the fewest digits is the one to read.
  for (let digits = 0; digits <= 15; digits++) {
    const scale = 10 ** digits;
    const ratio = Math.ceil((count / units) * scale - 1e-9) / scale;
    if (ratio <= 1 && pruneCount(ratio, units) === count) return ratio;
  }
  return count / units;
}
