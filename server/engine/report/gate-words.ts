import { stageOf } from '../../protocol/report/confusion';
import type { DefenseReport, Gate } from '../../protocol/report/report';
import { isWithin, judgeEffect, mostDisturbed, type EffectJudgement } from '../defense/effect';
import { doubt, isHonestEstimate } from '../defense/verdict';
import { count, percent, signedPercent, limitWords, pointsOf } from '../../protocol/words';
import { isEstimated } from '../../protocol/report/words';

/** What the figure of a gate is, where it is no plain ASR: `excess over the untriggered images, class 4`. */
export function figureBasis({ excess }: Pick<Gate, 'excess'>): string | null {
  return excess ? `excess over the untriggered images, class ${excess.class}` : null;
}

/** Why a gate is missed although its figure is within the limit, to stand beside that figure. */
export const WITHIN_WORDS = {
  unrepaired: 'nothing was repaired',
  tooFew: 'too few images',
  disturbed: 'the trigger still misleads the model',
  unproved: 'a fresh scan contradicts it',
  estimated: 'the trigger is only estimated',
} as const;

/** Which of these it is; null where the figure itself says why. */
export function missedWithin(
  { id, limit, judged, met }: Gate,
  { stages, confusion, trigger, repaired, proof }: Judged,
): keyof typeof WITHIN_WORDS | null {
  if (met || id !== 'maxAttackSuccessRate' || judged === null) return null;
  const effect = judgeEffect(stageOf({ stages, confusion }, 'after'), trigger, limit);
  if (repaired && effect?.tooFew) return 'tooFew';
  if (judged > limit) return null;
  if (!repaired) return 'unrepaired';
  if (effect && !isWithin(effect)) return 'disturbed';
  if (proof && doubt({ trigger, proof }, { maxAttackSuccessRate: limit }) !== null) return 'unproved';
  return trigger?.source === 'estimated' ? 'estimated' : null;
}

type Judged = Pick<DefenseReport, 'stages' | 'confusion' | 'trigger' | 'repaired' | 'proof'>;

/** Why a gate is missed, in one sentence with the figures. */
export function missedGate(
  { id, limit, measured, judged }: Gate,
  { stages, confusion, trigger, repaired, proof, scan }: Judged & Pick<DefenseReport, 'scan'>,
): string {
  if (id === 'maxAccuracyDrop') {
    if (measured === null || !repaired)
      return `Gate missed: nothing was repaired, so no drop in clean accuracy was measured (limit: ${limitWords(limit)}).`;
    return `Gate missed: clean accuracy fell by ${pointsOf(Math.abs(measured))}, the limit is ${limitWords(limit)}.`;
  }
  const asr = isEstimated({ trigger }) ? 'the ASR on the estimated trigger' : 'the ASR';
  if (measured === null || judged === null)
    return `Gate missed: the ASR could not be measured without a trigger (limit: ${limitWords(limit)}).`;
  if (!repaired)
    return `Gate missed: nothing was repaired; ${asr} is ${percent(measured)} (limit: ${limitWords(limit)}).`;
  const effect = judgeEffect(stageOf({ stages, confusion }, 'after'), trigger, limit);
  const disturbed = effect && effectMiss(effect, limit);
  if (disturbed !== null) return `Gate missed: ${disturbed}`;
  if (judged > limit)
    return `Gate missed: ${asr} is ${percent(measured)}, judged by the upper bound of its 95 % interval, ${percent(judged)}; the limit is ${limitWords(limit)}.`;
  const against = proof ? doubt({ trigger, proof }, { maxAttackSuccessRate: limit }) : null;
  if (against !== null)
    return `Gate missed: ${asr}, up to ${percent(judged)}, is within the limit of ${limitWords(limit)}, but ${against}.`;
  if (trigger && isHonestEstimate({ trigger, scan }))
    return `Gate missed: the ASR, up to ${percent(judged)}, is within the limit of ${limitWords(limit)}, but it is for an estimated trigger of class ${trigger.target}, which the scan does not find suspicious.`;
  if (trigger?.source === 'estimated')
    return `Gate missed: the ASR, up to ${percent(judged)}, is within the limit of ${limitWords(limit)}, but the trigger is only estimated, which counts only with "acceptEstimated": true.`;
  return `Gate missed: ${asr} is ${percent(measured)}, up to ${percent(judged)}; the limit is ${limitWords(limit)}.`;
}

/** What a trigger still does, where that is not a plain ASR above the limit; null for nothing. */
function effectMiss(
  { fault, target, baseRate, worst, flow, netWrong, tooFew }: EffectJudgement,
  limit: number,
): string | null {
  const asked = `the limit is ${limitWords(limit)}.`;
  if (tooFew)
    return `${count(tooFew.of)} images are too few to judge class ${tooFew.class}; at least ${count(tooFew.needed)} are needed (limit: ${limitWords(limit)}).`;
  if (fault === 'target' && target.by === 'excess') {
    return `the ASR is ${signedPercent(target.share)} above the ${percent(baseRate!.rate)} that go to class ${target.class} without the trigger, judged by the upper bound of its 95 % interval, ${signedPercent(target.high)}; ${asked}`;
  }
  if (fault === 'other class' && worst) {
    return `the trigger sends ${signedPercent(worst.share)} of images to class ${worst.class}, net of those that go there without it, judged by the upper bound of its interval, ${signedPercent(worst.high)}; ${asked}`;
  }
  if (fault === 'source class' && flow)
    return `the trigger sends ${percent(flow.share)} of the images of class ${flow.source} to class ${flow.to}, net of those that go there without it; the limit is ${limitWords(mostDisturbed(limit))}.`;
  if (fault === 'wrong' && netWrong !== null)
    return `the trigger makes a net ${percent(netWrong)} of all images wrong; the limit is ${limitWords(mostDisturbed(limit))}.`;
  return null;
}
