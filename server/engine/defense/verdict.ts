import { stagesOf } from '../../protocol/report/confusion';
import { suspectedClasses } from '../../protocol/report/scan';
import type { ResolvedConfig } from '../../protocol/config/config';
import type { DefenseReport, Gate, Verdict } from '../../protocol/report/report';
import { roundShare } from '../metrics/rate';
import { judgedSuccess } from '../metrics/triggered-rate';
import { nothingKept } from './attempt-words';
import { decidingFigure, isWithin, judgeEffect } from './effect';
import { nearChance } from '../metrics/near-chance';
import { TriggerWords } from './verdict-words';
import { percent } from '../../protocol/words';
import { provingImages } from '../../protocol/report/words';

type Measured = Pick<DefenseReport, 'stages' | 'confusion' | 'trigger' | 'repaired' | 'scan' | 'attempts' | 'proof'>;

/** The gates of a config against what was measured. A gate is met only when it could be measured on a trigger that counts. */
export function judgeGates(measured: Measured, gates: ResolvedConfig['gates']): Gate[] {
  const { trigger, repaired, proof, scan } = measured;
  const stages = stagesOf(measured);
  const effect = judgeEffect(stages.after, trigger, gates.maxAttackSuccessRate);
  const figure = effect && decidingFigure(effect);
  const counts =
    trigger !== null && (trigger.source === 'known' || (gates.acceptEstimated && !isHonestEstimate({ trigger, scan })));
  const drop = (stages.before.cleanAccuracy.hits - stages.after.cleanAccuracy.hits) / stages.before.cleanAccuracy.of;
  return [
    {
      id: 'maxAttackSuccessRate',
      limit: gates.maxAttackSuccessRate,
      measured: figure && figure.share,
      judged: figure && figure.high,
      met: repaired && counts && effect !== null && isWithin(effect) && doubt({ trigger, proof }, gates) === null,
      ...(figure?.by === 'excess' && { excess: { class: figure.class } }),
    },
    {
      id: 'maxAccuracyDrop',
      limit: gates.maxAccuracyDrop,
      measured: roundShare(drop),
      judged: roundShare(drop),
      met: repaired && drop <= gates.maxAccuracyDrop + 1e-12,
    },
  ];
}

/** Whether the trigger is an estimate for a class that a config names and the scan does not find suspicious: any class has one like it. */
export function isHonestEstimate({ trigger, scan }: Pick<DefenseReport, 'trigger' | 'scan'>): boolean {
  return trigger?.source === 'estimated' && scan !== undefined && !suspectedClasses(scan).includes(trigger.target);
}

/**
 * What speaks against a repair although the trigger that it was measured with is within its gate; null for nothing. A trigger that was
 * estimated has been trained against, so it takes a fresh inversion to say that the backdoor is gone, and not only that trigger.
 */
export function doubt(
  { trigger, proof }: Pick<DefenseReport, 'trigger' | 'proof'>,
  gates: Pick<ResolvedConfig['gates'], 'maxAttackSuccessRate'>,
): string | null {
  const found = proof ? suspectedClasses(proof.scan) : [];
  if (found.length) return `a fresh scan of the repaired model still finds class ${found.join(', ')} suspicious`;
  if (!proof) return trigger?.source === 'estimated' ? 'the repaired model was not scanned again to confirm it' : null;
  const left = proof.bounded.find(({ after }) => judgedSuccess(after).high > gates.maxAttackSuccessRate);
  if (!left) return null;
  const { share, high } = judgedSuccess(left.after);
  const { untriggered, of } = left.after;
  const asides = [
    ...(untriggered ? [`${percent(untriggered.hits / of)} go there without it`] : []),
    ...(share <= gates.maxAttackSuccessRate
      ? [`up to ${percent(high)}${untriggered ? ' more' : ''} can't be ruled out`]
      : []),
  ];
  return `a new trigger of at most ${left.norm.toFixed(1)} pixels still sends ${percent(left.after.rate)} of ${provingImages(proof)} to class ${left.target}${asides.length ? ` (${asides.join('; ')})` : ''}`;
}

/** The verdict by the order of docs/architecture.md: the first that matches wins, and it says the figures that led to it. */
export function judge(measured: Measured, gates: ResolvedConfig['gates']): Verdict {
  const { trigger, repaired } = measured;
  // Repairs were tried, and each cost too much to be kept.
  const untouched = !repaired && measured.attempts?.length ? nothingKept(measured.attempts, gates) : null;
  const { before, after } = stagesOf(measured);
  if (!repaired && untouched === null && measured.scan && !nearChance(before)) {
    if (measured.scan.word === 'not measurable')
      return {
        word: 'not measurable',
        sentence: `The repair starts with a scan, which could not search for a trigger, so nothing was changed. ${measured.scan.sentence}`,
      };
    return {
      word: 'not measurable',
      sentence: `No trigger is known and a scan found no suspicious class, so there was nothing to repair and nothing was changed. ${measured.scan.sentence}`,
    };
  }
  if (!repaired && untouched === null) {
    return {
      word: 'not measurable',
      sentence: `The input model's clean accuracy is ${percent(before.cleanAccuracy.rate)}, near chance: model, data and normalisation do not match, so nothing was repaired.`,
    };
  }
  if (untouched !== null && (!trigger || !before.attackSuccessRate || isHonestEstimate(measured))) {
    return {
      word: 'not measurable',
      sentence: `${trigger ? `The config names class ${trigger.target}, but the scan does not find it suspicious` : 'No trigger is known'}, so nothing can be said about a backdoor. ${untouched}`,
    };
  }
  if (!trigger || !before.attackSuccessRate || !after.attackSuccessRate) {
    return {
      word: 'not measurable',
      sentence: `No trigger is known${scanWords(measured.scan)}, so whether a backdoor is gone can't be measured; clean accuracy went from ${percent(before.cleanAccuracy.rate)} to ${percent(after.cleanAccuracy.rate)}.`,
    };
  }
  const limit = gates.maxAttackSuccessRate;
  const words = new TriggerWords(measured, trigger, limit);
  if (isHonestEstimate(measured)) return { word: 'not measurable', sentence: words.honest(accuracyWords(measured)) };
  const [effectBefore, effect] = [judgeEffect(before, trigger, limit)!, judgeEffect(after, trigger, limit)!];
  if (effect.tooFew) return { word: 'not measurable', sentence: words.tooFew(effect.tooFew) };
  if (isWithin(effectBefore))
    return { word: 'no effect before', sentence: words.noEffect(percent(before.cleanAccuracy.rate)) };
  if (untouched !== null) return { word: 'not mitigated', sentence: words.untouched(effect, effectBefore, untouched) };
  if (effect.fault) return { word: 'not mitigated', sentence: words.stillThere(effect, effectBefore) };
  const against = doubt(measured, gates);
  if (against !== null) return { word: 'not mitigated', sentence: words.notShown(against) };
  const drop = judgeGates(measured, gates)[1]!;
  if (!drop.met)
    return {
      word: 'accuracy lost',
      sentence: words.accuracyLost(accuracyWords(measured), percent(gates.maxAccuracyDrop)),
    };
  const sentence = words.mitigated(accuracyWords(measured), measured.proof, effectBefore, effect);
  return { word: trigger.source === 'estimated' ? 'mitigated, estimated trigger only' : 'mitigated', sentence };
}

function accuracyWords({ stages: { before, after } }: Measured): string {
  return `clean accuracy went from ${percent(before.cleanAccuracy.rate)} to ${percent(after.cleanAccuracy.rate)}`;
}

/** What a scan adds where no trigger is known. */
function scanWords(scan: Measured['scan']): string {
  if (!scan) return '';
  return scan.word === 'not measurable'
    ? ', and a scan could not search for one'
    : ', and a scan found no suspicious class';
}
