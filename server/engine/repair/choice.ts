import type { ResolvedConfig } from '../../protocol/config/config';
import type { Gate, HeldOutFigures, TriggeredRate } from '../../protocol/report/report';
import { rate } from '../metrics/rate';
import { judgedSuccess } from '../metrics/triggered-rate';

/** What is chosen on held-out figures. Apart from their measuring, so that a report can be checked against it without an engine. */

type Limits = Pick<ResolvedConfig['gates'], 'maxAttackSuccessRate' | 'maxAccuracyDrop'>;

/** A repair that misses a gate may lose at most this many times `maxAccuracyDrop`: within that, the backdoor counts more than accuracy. */
export const MOST_LOSS = 3;

/** The triggers that were measured, in the order of the report's fields. */
export function measuredTriggers({ knownTrigger, estimatedTrigger, freshTrigger }: HeldOutFigures): TriggeredRate[] {
  return [knownTrigger, estimatedTrigger, freshTrigger].filter((one) => one !== null);
}

/**
 * The gates that are missed on held-out images: the ASR's by the upper bound of the interval, whatever trigger it is on; of its excess,
 * where more than 1 % of the images go to the class without it.
 */
export function missedGates(figures: HeldOutFigures, gates: Limits): Gate['id'][] {
  const measured = measuredTriggers(figures);
  const within = measured.length > 0 && measured.every((one) => judgedSuccess(one).high <= gates.maxAttackSuccessRate);
  return [
    ...(within ? [] : ['maxAttackSuccessRate' as const]),
    ...(losesAtMost(figures, gates.maxAccuracyDrop) ? [] : ['maxAccuracyDrop' as const]),
  ];
}

/** Whether both gates are met on held-out images. */
export function meetsGates(figures: HeldOutFigures, gates: Limits): boolean {
  return missedGates(figures, gates).length === 0;
}

/** @param most loss of clean accuracy, a share of the held-out images */
export function losesAtMost({ images, correctBefore, correct }: HeldOutFigures, most: number): boolean {
  return correctBefore - correct <= most * images + 1e-9;
}

/** Whether the images are too few for the gate: even a trigger that never succeeded could be above it, by the upper bound. */
export function tooFewFor(figures: HeldOutFigures, gates: Limits): boolean {
  return measuredTriggers(figures).some(({ of }) => rate(0, of).high > gates.maxAttackSuccessRate);
}

/**
 * The one order of repairs, for the rounds of a strategy and for the strategies of `auto`: the place of the figures to keep.
 *
 * 1. Of those that meet both gates, the latest.
 * 2. Else, of those that lose at most `MOST_LOSS` times `maxAccuracyDrop`, the one with the lowest bound on the success of its worst
 *    trigger; of equal ones the one that loses least, then the earliest.
 *
 * Where images are too few for the gate, a bound says more of their number than of the backdoor: the success itself takes its place, and
 * those within both gates by it go before the others.
 * @returns null where all of them lose too much: none is to be kept
 */
export function bestOf(figures: readonly HeldOutFigures[], gates: Limits): number | null {
  const latest = figures.findLastIndex((one) => meetsGates(one, gates));
  if (latest >= 0) return latest;
  const few = figures.some((one) => tooFewFor(one, gates));
  const success = figures.map((one) => worst(one, few ? 'share' : 'high'));
  const within = (most: number, limit: number): number[] =>
    [...figures.keys()].filter((i) => losesAtMost(figures[i]!, most) && success[i]! <= limit);
  const byRate = few ? within(gates.maxAccuracyDrop, gates.maxAttackSuccessRate) : [];
  const [best] = (byRate.length ? byRate : within(MOST_LOSS * gates.maxAccuracyDrop, 1)).sort(
    (a, b) => success[a]! - success[b]! || figures[b]!.correct - figures[a]!.correct || a - b,
  );
  return best ?? null;
}

/** The place of the figures with the least loss of accuracy, the earliest of equal ones: what is said of a repair that is not kept. */
export function leastLoss(figures: readonly HeldOutFigures[]): number {
  return [...figures.keys()].reduce((a, b) => (figures[b]!.correct > figures[a]!.correct ? b : a));
}

/** The largest success of any trigger, or bound on it; 1 where none was measured. */
function worst(figures: HeldOutFigures, by: 'share' | 'high'): number {
  const measured = measuredTriggers(figures).filter(({ of }) => of > 0);
  return measured.length ? Math.max(...measured.map((one) => judgedSuccess(one)[by])) : 1;
}
