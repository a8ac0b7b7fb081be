import type { ResolvedConfig } from '../../protocol/config';
import type { DefenseReport, Gate, Verdict } from '../../protocol/report';
import { roundShare } from '../metrics/rate';
import { percent } from './words';

type Measured = Pick<DefenseReport, 'stages' | 'trigger' | 'repaired'>;

/** The gates of a config against what was measured. A gate is met only when it could be measured on a trigger that counts. */
export function judgeGates({ stages, trigger, repaired }: Measured, gates: ResolvedConfig['gates']): Gate[] {
  const asr = stages.after.attackSuccessRate;
  const counts = trigger !== null && (trigger.source === 'known' || gates.acceptEstimated);
  const drop = (stages.before.cleanAccuracy.hits - stages.after.cleanAccuracy.hits) / stages.before.cleanAccuracy.of;
  return [
    {
      id: 'maxAttackSuccessRate',
      limit: gates.maxAttackSuccessRate,
      measured: asr?.rate ?? null,
      judged: asr?.high ?? null,
      met: repaired && counts && asr !== null && asr.high <= gates.maxAttackSuccessRate,
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

/** The verdict by the order of docs/architecture.md: the first that matches wins, and it says the figures that led to it. */
export function judge(measured: Measured, gates: ResolvedConfig['gates']): Verdict {
  const { stages, trigger, repaired } = measured;
  const before = stages.before;
  const after = stages.after;
  if (!repaired) {
    return { word: 'not measurable', sentence: `Clean accuracy is ${percent(before.cleanAccuracy.rate)} before anything was done, near chance: model, data and normalisation do not fit together, so nothing was repaired.` };
  }
  if (!trigger || !before.attackSuccessRate || !after.attackSuccessRate) {
    return { word: 'not measurable', sentence: `No trigger is known, so whether a backdoor is gone cannot be measured; clean accuracy went from ${percent(before.cleanAccuracy.rate)} to ${percent(after.cleanAccuracy.rate)}.` };
  }
  const from = percent(before.attackSuccessRate.rate);
  const to = percent(after.attackSuccessRate.rate);
  const limit = percent(gates.maxAttackSuccessRate);
  if (before.attackSuccessRate.high <= gates.maxAttackSuccessRate) {
    return { word: 'no effect before', sentence: `The trigger has no effect on the model as it came: it reaches class ${trigger.target} on ${from} of inputs, within the limit of ${limit}. Nothing to repair for this trigger, if clean accuracy (${percent(before.cleanAccuracy.rate)}) is what you expect of this model.` };
  }
  if (after.attackSuccessRate.high > gates.maxAttackSuccessRate) {
    if (after.attackSuccessRate.rate <= gates.maxAttackSuccessRate) {
      return { word: 'not mitigated', sentence: `It is not shown that the backdoor is gone: the trigger reaches class ${trigger.target} on ${to} of inputs (before: ${from}; limit: ${limit}), but on ${after.attackSuccessRate.of} inputs up to ${percent(after.attackSuccessRate.high)} can't be ruled out (95 %).` };
    }
    return { word: 'not mitigated', sentence: `The backdoor is still there: the trigger reaches class ${trigger.target} on ${to} of inputs (before: ${from}; limit: ${limit}).` };
  }
  const drop = judgeGates(measured, gates)[1]!;
  const accuracy = `clean accuracy went from ${percent(before.cleanAccuracy.rate)} to ${percent(after.cleanAccuracy.rate)}`;
  if (!drop.met) {
    return { word: 'accuracy lost', sentence: `The trigger's success fell from ${from} to ${to}, but ${accuracy}, a loss above the limit of ${percent(gates.maxAccuracyDrop)}.` };
  }
  const sentence = `The trigger's success fell from ${from} to ${to} (limit: ${limit}); ${accuracy}.`;
  if (trigger.source === 'estimated') return { word: 'mitigated, estimated trigger only', sentence };
  return { word: 'mitigated', sentence };
}
