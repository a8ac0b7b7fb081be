import { cleanConfusion, triggeredConfusion, type Stage } from '../../server/protocol/report/confusion';
import type { DefenseReport, PruningCurve } from '../../server/protocol/report/report';
import { inversions, type ClassInversion, type ScanResult } from '../../server/protocol/report/scan';
import type { CurvePoints } from '../ui/charts/curve-chart';

/** What the pages draw, made of a report's own lists. */

/** The curve as the charts take it, ascending, each number once; null where no image was counted. */
export function curvePoints({ points, images, triggeredImages }: PruningCurve): CurvePoints | null {
  const sorted = [...points]
    .sort((a, b) => a.pruned - b.pruned)
    .filter(({ pruned }, i, all) => i === 0 || pruned !== all[i - 1]?.pruned);
  if (sorted.length === 0 || images === 0) return null;
  const attacked =
    triggeredImages !== null && triggeredImages > 0 && sorted.every(({ successful }) => successful !== null);
  return {
    pruned: Int32Array.from(sorted, ({ pruned }) => pruned),
    clean: Float64Array.from(sorted, ({ correct }) => correct / images),
    attack: attacked ? Float64Array.from(sorted, ({ successful }) => (successful ?? 0) / triggeredImages) : null,
  };
}

/**
 * Figures of what was pruned, before fine-tuning, where they are not on the curve: it follows the rule, and units that the config names are
 * other ones. Undefined where the curve has them.
 */
export function offCurve({
  pruning,
  stages: { pruned },
}: Pick<DefenseReport, 'pruning' | 'stages'>): { clean: number; attack: number | null } | undefined {
  if (pruning.ratio !== null || pruning.count === 0) return undefined;
  return { clean: pruned.cleanAccuracy.rate, attack: pruned.attackSuccessRate && pruned.attackSuccessRate.rate };
}

/** The layer as the chart of its units takes it: pruned units first, in their order, then the rest as the rule would go on. */
export function layerUnits({ layer, pruning }: DefenseReport): {
  clean: Float32Array;
  triggered: Float32Array | null;
  order: Int32Array;
  pruned: Uint8Array;
  dead: Uint8Array;
} {
  const { activations, units } = layer;
  const flags = (indices: readonly number[]): Uint8Array => {
    const set = new Uint8Array(units);
    for (const unit of indices) set[unit] = 1;
    return set;
  };
  const score = (unit: number): number => {
    const activation = activations[unit];
    if (!activation) return 0;
    if (pruning.rule === 'triggered-difference') return activation.cleanMean - (activation.triggeredMean ?? 0);
    return pruning.rule === 'clean-mean' ? activation.cleanMean : activation.cleanMeanAbs;
  };
  const pruned = flags(pruning.units);
  const rest = Array.from({ length: units }, (_, unit) => unit).filter((unit) => !pruned[unit]);
  rest.sort((a, b) => score(a) - score(b) || a - b);
  return {
    clean: Float32Array.from(activations, ({ cleanMean }) => cleanMean),
    triggered: activations.every(({ triggeredMean }) => triggeredMean !== null)
      ? Float32Array.from(activations, ({ triggeredMean }) => triggeredMean ?? 0)
      : null,
    order: Int32Array.from([...pruning.units, ...rest]),
    pruned,
    dead: flags(layer.dead),
  };
}

/**
 * The classes to show of many: those with the most images that left them or came to them wrongly, at any of the stages, by number.
 * @param target the attacker's target class, which is always among them
 */
export function shownClasses(
  stages: readonly Pick<Stage, 'confusion'>[],
  most: number,
  target: number | null,
): number[] {
  const classes = stages[0] ? cleanConfusion(stages[0]).classes : 0;
  const all = Array.from({ length: classes }, (_, i) => i);
  if (classes <= most) return all;
  const wrong = new Float64Array(classes);
  for (const stage of stages) {
    for (const matrix of [cleanConfusion(stage), triggeredConfusion(stage)]) {
      for (const [from, to, images] of matrix?.wrong() ?? []) {
        wrong[from]! += images;
        wrong[to]! += images;
      }
    }
  }
  if (target !== null && target < classes) wrong[target] = Infinity;
  return all
    .sort((a, b) => (wrong[b]! === wrong[a]! ? a - b : wrong[b]! > wrong[a]! ? 1 : -1))
    .slice(0, most)
    .sort((a, b) => a - b);
}

/** How strongly a cell is coloured: its share of its row's images, in [0, 1]. @param total images of the row */
export function heatOf(total: number): (images: number) => number {
  return (images) => (total > 0 ? images / total : 0);
}

/** The classes of a scan to show of many, by number: those that are flagged, then those with the smallest masks. */
export function shownInversions(scan: Pick<ScanResult, 'evidence'>, most: number): ClassInversion[] {
  const order = [...inversions(scan)].sort(
    (a, b) => Number(b.flagged) - Number(a.flagged) || a.screened - b.screened || a.target - b.target,
  );
  return order.slice(0, most).sort((a, b) => a.target - b.target);
}

/** What a trigger is shown on: darker and brighter ones can both be told from it. */
const GREY = 128;

/** An estimated trigger as it looks on a grey image. @param mask one byte a pixel @param pattern one a value; the result has as many */
export function triggerPixels(mask: Uint8Array, pattern: Uint8Array, channels: number): Uint8Array {
  return pattern.map((value, i) => {
    const share = (mask[Math.floor(i / channels)] ?? 0) / 255;
    return Math.round(GREY * (1 - share) + value * share);
  });
}
