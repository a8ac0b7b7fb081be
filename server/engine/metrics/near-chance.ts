import { cleanConfusion, labelCounts, type Stage } from '../../protocol/report/confusion';

/** Accuracy at or below this is no better than guessing, give or take: chance plus a tenth of what lies above it. */
export function nearChance(stage: Pick<Stage, 'cleanAccuracy' | 'confusion'>): boolean {
  const counts = labelCounts(cleanConfusion(stage));
  const chance = Math.max(...counts) / counts.reduce((a, b) => a + b, 0);
  return stage.cleanAccuracy.rate < chance + 0.1 * (1 - chance);
}
