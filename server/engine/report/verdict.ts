import type { ResolvedConfig } from '../../protocol/config';
import type { DefenseReport, Gate, Verdict } from '../../protocol/report';
import { roundShare } from '../metrics/rate';
import { nearChance } from './near-chance';
import { percent } from './words';

type Measured = Pick<DefenseReport, 'stages' | 'trigger' | 'repaired' | 'scan' | 'proof'>;

/** The gates of a config against what was measured. A gate is met only when it could be measured on a trigger that counts. */
export function judgeGates({ stages, trigger, repaired, proof, scan }: Measured, gates: ResolvedConfig['gates']): Gate[] {
  const asr = stages.after.attackSuccessRate;
  const counts = trigger !== null && (trigger.source === 'known' || (gates.acceptEstimated && !isHonestEstimate({ trigger, scan })));
  const drop = (stages.before.cleanAccuracy.hits - stages.after.cleanAccuracy.hits) / stages.before.cleanAccuracy.of;
  return [
    {
      id: 'maxAttackSuccessRate',
      limit: gates.maxAttackSuccessRate,
      measured: asr?.rate ?? null,
      judged: asr?.high ?? null,
      met: repaired && counts && asr !== null && asr.high <= gates.maxAttackSuccessRate && doubt({ trigger, proof }, gates) === null,
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
  return trigger?.source === 'estimated' && scan !== undefined && !scan.flagged.includes(trigger.target);
}

/**
 * What speaks against a repair although the trigger that it was measured with is within its gate; null for nothing. A trigger that was
 * estimated has been trained against, so it takes a fresh inversion to say that the backdoor is gone, and not only that trigger.
 */
export function doubt({ trigger, proof }: Pick<DefenseReport, 'trigger' | 'proof'>, gates: Pick<ResolvedConfig['gates'], 'maxAttackSuccessRate'>): string | null {
  if (proof?.scan.flagged.length) return `a fresh inversion of the repaired model still finds class ${proof.scan.flagged.join(', ')} suspicious`;
  if (!proof) return trigger?.source === 'estimated' ? 'no fresh inversion of the repaired model speaks for it' : null;
  const left = proof.bounded.find(({ after }) => after.high > gates.maxAttackSuccessRate);
  if (!left) return null;
  return `a trigger of at most ${left.norm.toFixed(1)} pixels, searched afresh, still takes ${percent(left.after.rate)} of held-out images to class ${left.target}${left.after.rate <= gates.maxAttackSuccessRate ? ` (up to ${percent(left.after.high)} can't be ruled out)` : ''}`;
}

/** The verdict by the order of docs/architecture.md: the first that matches wins, and it says the figures that led to it. */
export function judge(measured: Measured, gates: ResolvedConfig['gates']): Verdict {
  const { stages, trigger, repaired } = measured;
  const before = stages.before;
  const after = stages.after;
  if (!repaired && measured.scan && !nearChance(before.cleanAccuracy.rate, before.confusion)) {
    if (measured.scan.word === 'not measurable') return { word: 'not measurable', sentence: `The scan that the repair begins with could not look for a trigger, so nothing was changed. ${measured.scan.sentence}` };
    return { word: 'not measurable', sentence: `No trigger is known, and a scan found no class suspicious, so there was nothing to repair and nothing was changed. ${measured.scan.sentence}` };
  }
  if (!repaired) {
    return { word: 'not measurable', sentence: `Clean accuracy is ${percent(before.cleanAccuracy.rate)} before anything was done, near chance: model, data and normalisation do not fit together, so nothing was repaired.` };
  }
  if (!trigger || !before.attackSuccessRate || !after.attackSuccessRate) {
    return { word: 'not measurable', sentence: `No trigger is known${scanWords(measured.scan)}, so whether a backdoor is gone cannot be measured; clean accuracy went from ${percent(before.cleanAccuracy.rate)} to ${percent(after.cleanAccuracy.rate)}.` };
  }
  const the = trigger.source === 'estimated' ? 'the estimated trigger' : 'the trigger';
  const The = the.replace('the', 'The');
  const from = percent(before.attackSuccessRate.rate);
  const to = percent(after.attackSuccessRate.rate);
  const limit = percent(gates.maxAttackSuccessRate);
  if (isHonestEstimate(measured)) {
    return { word: 'not measurable', sentence: `Class ${trigger.target} was named, but the scan does not find it suspicious: a trigger of the size of its estimate can be found for any class, so it says nothing of a backdoor that its success went from ${from} to ${to}. Clean accuracy went from ${percent(before.cleanAccuracy.rate)} to ${percent(after.cleanAccuracy.rate)}.` };
  }
  if (before.attackSuccessRate.high <= gates.maxAttackSuccessRate) {
    return { word: 'no effect before', sentence: `${The} has no effect on the model as it came: it reaches class ${trigger.target} on ${from} of inputs, within the limit of ${limit}. Nothing to repair for this trigger, if clean accuracy (${percent(before.cleanAccuracy.rate)}) is what you expect of this model.` };
  }
  if (after.attackSuccessRate.high > gates.maxAttackSuccessRate) {
    if (after.attackSuccessRate.rate <= gates.maxAttackSuccessRate) {
      return { word: 'not mitigated', sentence: `It is not shown that the backdoor is gone: ${the} reaches class ${trigger.target} on ${to} of inputs (before: ${from}; limit: ${limit}), but on ${after.attackSuccessRate.of} inputs up to ${percent(after.attackSuccessRate.high)} can't be ruled out (95 %).` };
    }
    return { word: 'not mitigated', sentence: `The backdoor is still there: ${the} reaches class ${trigger.target} on ${to} of inputs (before: ${from}; limit: ${limit}).` };
  }
  const against = doubt(measured, gates);
  if (against !== null) {
    return { word: 'not mitigated', sentence: `It is not shown that the backdoor is gone: ${the}'s success fell from ${from} to ${to} (limit: ${limit}), but ${against}.` };
  }
  const drop = judgeGates(measured, gates)[1]!;
  const accuracy = `clean accuracy went from ${percent(before.cleanAccuracy.rate)} to ${percent(after.cleanAccuracy.rate)}`;
  if (!drop.met) {
    return { word: 'accuracy lost', sentence: `${The}'s success fell from ${from} to ${to}, but ${accuracy}, a loss above the limit of ${percent(gates.maxAccuracyDrop)}.` };
  }
  const basis = measured.proof ? ` This rests on ${measured.proof.basis === 'fresh inversion' ? 'a fresh inversion alone; the trigger itself is not known' : 'the known trigger and on a fresh inversion, which finds no class suspicious'}.` : ' This rests on the known trigger alone; no fresh inversion was made.';
  const sentence = `${The}'s success fell from ${from} to ${to} (limit: ${limit}); ${accuracy}.${basis}`;
  if (trigger.source === 'estimated') return { word: 'mitigated, estimated trigger only', sentence };
  return { word: 'mitigated', sentence };
}

/** What a scan adds where no trigger is known. */
function scanWords(scan: Measured['scan']): string {
  if (!scan) return '';
  return scan.word === 'not measurable' ? ', and a scan could not look for one' : ', and a scan found no class suspicious';
}
