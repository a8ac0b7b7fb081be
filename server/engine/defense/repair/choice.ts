import type { HeldOutFigures } from '../../../protocol/report';

/** What is chosen on held-out figures. Apart from their measuring, so that a report can be held against it without an engine. */

/** Whether both gates are met on held-out images: the ASR's by the upper bound of its interval, whatever trigger it is on. */
export function meetsGates({ images, correctBefore, correct, knownTrigger, estimatedTrigger, freshTrigger }: HeldOutFigures, gates: { maxAttackSuccessRate: number; maxAccuracyDrop: number }): boolean {
  const kept = correctBefore - correct <= gates.maxAccuracyDrop * images + 1e-9;
  const measured = [knownTrigger, estimatedTrigger, freshTrigger].filter((one) => one !== null);
  return kept && measured.length > 0 && measured.every(({ high }) => high <= gates.maxAttackSuccessRate);
}

/** The largest success of any trigger; 1 where none was measured. */
export function largestSuccess({ knownTrigger, estimatedTrigger, freshTrigger }: HeldOutFigures): number {
  const measured = [knownTrigger, estimatedTrigger, freshTrigger].filter((one) => one !== null);
  return measured.length ? Math.max(...measured.map((one) => one.rate)) : 1;
}

/**
 * Of some figures, the place of those to keep: the latest that meet the gates; else those with the least success of any trigger among
 * those within the accuracy limit; else those with the least loss of accuracy.
 */
export function bestOf(figures: readonly HeldOutFigures[], gates: { maxAttackSuccessRate: number; maxAccuracyDrop: number }): number {
  const latest = figures.findLastIndex((one) => meetsGates(one, gates));
  if (latest >= 0) return latest;
  const places = figures.map((_, i) => i);
  const accurate = places.filter((i) => figures[i]!.correctBefore - figures[i]!.correct <= gates.maxAccuracyDrop * figures[i]!.images + 1e-9);
  if (accurate.length) return accurate.reduce((a, b) => (largestSuccess(figures[b]!) < largestSuccess(figures[a]!) ? b : a));
  return places.reduce((a, b) => (figures[b]!.correct > figures[a]!.correct ? b : a));
}
