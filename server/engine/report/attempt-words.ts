import type { Attempt, Proof } from '../../protocol/report';
import { percent } from './words';

/** What came out of a repair on held-out images, and why it was kept or not. */
export function attemptSentence({ strategy, heldOut, met, chosen, rounds }: Omit<Attempt, 'sentence'>, gates: { maxAttackSuccessRate: number; maxAccuracyDrop: number }): string {
  const { images, correctBefore, correct, knownTrigger, estimatedTrigger, freshTrigger } = heldOut;
  const measured: [string, Attempt['heldOut']['knownTrigger']][] = [['the known', knownTrigger], ['the estimated', estimatedTrigger], ['a freshly searched', freshTrigger]];
  const said = measured.flatMap(([which, rate]) => (rate ? [{ which, rate }] : [])).map(({ which, rate }, at) => `${which} ${at === 0 ? 'trigger succeeds' : 'one'} on ${percent(rate.rate)}`);
  const kept = correctBefore - correct <= gates.maxAccuracyDrop * images + 1e-9;
  const success = [knownTrigger, estimatedTrigger, freshTrigger].every((one) => one === null || one.high <= gates.maxAttackSuccessRate);
  const why = met
    ? 'Both gates are met'
    : said.length === 0
      ? 'No trigger could be measured'
      : [!success && `a trigger is not shown to stay within ${percent(gates.maxAttackSuccessRate)}`, !kept && `accuracy falls by more than ${percent(gates.maxAccuracyDrop)}`].filter(Boolean).join(', and ').replace(/^./, (c) => c.toUpperCase());
  const figures = [`clean accuracy ${percent(correctBefore / images)} → ${percent(correct / images)}`, ...said].join('; ');
  const what = `${strategy}${rounds.length > 1 ? `, ${rounds.length} rounds` : ''}`;
  return `${what}, on ${images.toLocaleString('en-US')} held-out images: ${figures}. ${why}${chosen ? (met ? ': kept.' : '; the best of what was tried, kept.') : ': not kept.'}`;
}

/** What a fresh search of the repaired model came to. */
export function proofSentence({ scan, bounded }: Omit<Proof, 'sentence'>): string {
  const found = scan.flagged.length
    ? `A fresh inversion of the repaired model still finds class ${scan.flagged.join(', ')} suspicious.`
    : 'A fresh inversion of the repaired model finds no class suspicious.';
  const sizes = bounded.map(({ target, norm, before, after }) => `A trigger of at most ${norm.toFixed(1)} pixels, searched afresh, takes ${percent(after.rate)} of held-out images to class ${target} (the input model: ${percent(before.rate)}).`);
  return [found, ...sizes].join(' ');
}
