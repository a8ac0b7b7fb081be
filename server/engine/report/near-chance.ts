/** Accuracy at or below this is no better than guessing, give or take: chance plus a tenth of what lies above it. */
export function nearChance(accuracy: number, confusion: readonly number[][]): boolean {
  const counts = confusion.map((row) => row.reduce((a, b) => a + b, 0));
  const chance = Math.max(...counts) / counts.reduce((a, b) => a + b, 0);
  return accuracy < chance + 0.1 * (1 - chance);
}
