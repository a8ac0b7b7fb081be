import type { DefenseReport, Gate } from '../../protocol/report';
import { doubt, isHonestEstimate } from './verdict';
import { isEstimated, percent, points } from './words';

/** What a gate limits, as a phrase. */
export const GATE_TITLES: Record<Gate['id'], string> = {
  maxAttackSuccessRate: 'Attack success rate (ASR)',
  maxAccuracyDrop: 'Drop in clean accuracy',
};

/** A limit as it was written: `5 %`, `0.25 %`. */
export function limitWords(limit: number): string {
  return `${Number((limit * 100).toPrecision(6))} %`;
}

/** Why a gate is missed although its figure is within the limit, to stand beside that figure. */
export const WITHIN_WORDS = { unrepaired: 'nothing was repaired', unproved: 'a fresh inversion speaks against it', estimated: 'the trigger is only estimated' } as const;

/** Which of these it is; null where the figure itself says why. */
export function missedWithin({ id, limit, judged, met }: Gate, { trigger, repaired, proof }: Pick<DefenseReport, 'trigger' | 'repaired' | 'proof'>): keyof typeof WITHIN_WORDS | null {
  if (met || id !== 'maxAttackSuccessRate' || judged === null || judged > limit) return null;
  if (!repaired) return 'unrepaired';
  if (proof && doubt({ trigger, proof }, { maxAttackSuccessRate: limit }) !== null) return 'unproved';
  return trigger?.source === 'estimated' ? 'estimated' : null;
}

/** Why a gate is missed, in one sentence with the figures. */
export function missedGate({ id, limit, measured, judged }: Gate, { trigger, repaired, proof, scan }: Pick<DefenseReport, 'trigger' | 'repaired' | 'proof' | 'scan'>): string {
  if (id === 'maxAccuracyDrop') {
    if (measured === null || !repaired) return `Gate missed: nothing was repaired, so no drop in clean accuracy was measured (limit: ${limitWords(limit)}).`;
    return `Gate missed: clean accuracy fell by ${points(measured).slice(1)}, the limit is ${limitWords(limit)}.`;
  }
  const asr = isEstimated({ trigger }) ? 'the ASR on the estimated trigger' : 'the ASR';
  if (measured === null || judged === null) return `Gate missed: the ASR could not be measured without a trigger (limit: ${limitWords(limit)}).`;
  if (!repaired) return `Gate missed: nothing was repaired; ${asr} is ${percent(measured)} (limit: ${limitWords(limit)}).`;
  if (judged > limit) return `Gate missed: ${asr} is ${percent(measured)}, judged by the upper bound of its 95 % interval, ${percent(judged)}; the limit is ${limitWords(limit)}.`;
  const against = proof ? doubt({ trigger, proof }, { maxAttackSuccessRate: limit }) : null;
  if (against !== null) return `Gate missed: ${asr}, up to ${percent(judged)}, is within the limit of ${limitWords(limit)}, but ${against}.`;
  if (trigger && isHonestEstimate({ trigger, scan })) return `Gate missed: the ASR, up to ${percent(judged)}, is within the limit of ${limitWords(limit)}, but it is on an estimate for class ${trigger.target}, which the scan does not find suspicious.`;
  if (trigger?.source === 'estimated') return `Gate missed: the ASR, up to ${percent(judged)}, is within the limit of ${limitWords(limit)}, but the trigger is only estimated, which counts only with "acceptEstimated": true.`;
  return `Gate missed: ${asr} is ${percent(measured)}, up to ${percent(judged)}; the limit is ${limitWords(limit)}.`;
}
