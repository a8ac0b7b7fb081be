import { suspectedClasses } from '../../protocol/report/scan';
import type { Attempt, Gate, Proof, TriggeredRate } from '../../protocol/report/report';
import { losesAtMost, measuredTriggers, missedGates, MOST_LOSS, tooFewFor } from '../repair/choice';
import { judgedSuccess } from '../metrics/triggered-rate';
import { percent, points, signedPercent, count } from '../../protocol/words';
import { provingImages } from '../../protocol/report/words';

type Limits = { maxAttackSuccessRate: number; maxAccuracyDrop: number };

/** Repairs that a sentence lists; there are four of them. */
const MOST_LISTED = 8;

/** What came out of a repair on held-out images, and why it was kept or not. */
export function attemptSentence(attempt: Omit<Attempt, 'sentence'>, gates: Limits): string {
  const { strategy, heldOut, met, chosen, rounds, missed } = attempt;
  const { images, correctBefore, correct, knownTrigger, estimatedTrigger, freshTrigger } = heldOut;
  const measured: [string, Attempt['heldOut']['knownTrigger']][] = [
    ['the known', knownTrigger],
    ['the estimated', estimatedTrigger],
    ['a newly searched', freshTrigger],
  ];
  const said = measured
    .flatMap(([which, rate]) => (rate ? [{ which, rate }] : []))
    .map(({ which, rate }, at) => `${which} ${at === 0 ? 'trigger succeeds' : 'one'} on ${percent(rate.rate)}`);
  const why = met ? 'Both gates are met' : said.length === 0 ? 'No trigger could be measured' : whyNot(attempt, gates);
  const figures = [`clean accuracy ${percent(correctBefore / images)} → ${percent(correct / images)}`, ...said].join(
    '; ',
  );
  const what = `${strategy}${rounds.length > 1 ? `, ${rounds.length} rounds` : ''}`;
  const kept = met
    ? ': kept.'
    : missed
      ? `; kept as the best of those that lose at most ${loss(MOST_LOSS * gates.maxAccuracyDrop)}.`
      : '; kept as the best of what was tried.';
  return `${what}, on ${count(images)} held-out images: ${figures}. ${why}${chosen ? kept : ': not kept.'}`;
}

function whyNot(
  { heldOut, missed }: Pick<Attempt, 'heldOut' | 'missed'>,
  { maxAttackSuccessRate, maxAccuracyDrop }: Limits,
): string {
  const success = measuredTriggers(heldOut).every(({ high }) => high <= maxAttackSuccessRate);
  const far = missed !== undefined && !losesAtMost(heldOut, MOST_LOSS * maxAccuracyDrop);
  const accuracy = losesAtMost(heldOut, maxAccuracyDrop)
    ? null
    : `accuracy falls by more than ${far ? `${loss(MOST_LOSS * maxAccuracyDrop)}, ${MOST_LOSS} times the limit` : percent(maxAccuracyDrop)}`;
  return [!success && `a trigger may succeed on more than ${percent(maxAttackSuccessRate)}`, accuracy]
    .filter(Boolean)
    .join(', and ')
    .replace(/^./, (c) => c.toUpperCase());
}

/** That no repair met both gates on held-out images: which one is kept all the same and what it misses, and the others with both figures. */
export function noneMetSentence(attempts: readonly Attempt[], gates: Limits): string {
  if (attempts.every(({ missed }) => missed === undefined))
    return `${attempts.length === 1 ? 'The repair that was tried did' : `None of the ${attempts.length} repairs that were tried did`} not meet the gates on held-out images; the defended model is the best of them.`;
  const kept = attempts.find(({ chosen }) => chosen);
  const few = attempts.some(({ heldOut }) => tooFewFor(heldOut, gates))
    ? ' So few images are held out that even a trigger that never succeeds misses the gate on attack success; repairs were compared by the success itself.'
    : '';
  if (!kept) return `${nothingKept(attempts, gates)}${few}`;
  const others = attempts.filter((one) => one !== kept);
  return `No repair met both gates on held-out images. Kept: ${withFigures(kept)}; it misses ${gatesMissed(missedGates(kept.heldOut, gates), gates)}.${others.length ? ` Not kept: ${listed(others)}.` : ''}${few}`;
}

/** That every repair lost too much to be kept, each with both figures. */
export function nothingKept(attempts: readonly Attempt[], gates: Limits): string {
  return `No repair met both gates on held-out images, and each lost more than ${loss(MOST_LOSS * gates.maxAccuracyDrop)} of clean accuracy, ${MOST_LOSS} times the limit: nothing was changed, and no model was written. Tried: ${listed(attempts)}.`;
}

function listed(attempts: readonly Attempt[]): string {
  const rest = attempts.length - MOST_LISTED;
  return `${attempts.slice(0, MOST_LISTED).map(withFigures).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}

/** `guided (accuracy −1.8 points, attack success 2.4 %, up to 2.7 %)`: of the trigger with the highest bound. */
function withFigures({ strategy, heldOut }: Pick<Attempt, 'strategy' | 'heldOut'>): string {
  const measured = measuredTriggers(heldOut);
  const change = heldOut.images > 0 ? (heldOut.correct - heldOut.correctBefore) / heldOut.images : 0;
  const success = measured.length
    ? measured.reduce((a, b) => (judgedSuccess(b).high > judgedSuccess(a).high ? b : a))
    : null;
  return `${strategy} (accuracy ${points(change)}, ${success ? successWords(success) : 'no trigger measured'})`;
}

/** `attack success 2.4 %, up to 2.7 %`; where images go to the class anyway, how many more do with the trigger. */
function successWords(success: TriggeredRate): string {
  const { share, high } = judgedSuccess(success);
  if (!success.untriggered) return `attack success ${percent(share)}, up to ${percent(high)}`;
  return `attack success ${percent(success.rate)}, ${signedPercent(share)} more than without the trigger, up to ${signedPercent(high)} more`;
}

function gatesMissed(missed: readonly Gate['id'][], { maxAttackSuccessRate, maxAccuracyDrop }: Limits): string {
  const each = {
    maxAttackSuccessRate: `attack success (limit: ${percent(maxAttackSuccessRate)})`,
    maxAccuracyDrop: `the drop in clean accuracy (limit: ${percent(maxAccuracyDrop)})`,
  };
  return `the gate${missed.length === 1 ? '' : 's'} on ${missed.map((id) => each[id]).join(' and ')}`;
}

const loss = (share: number): string => points(share).replace(/^\+/, '');

/** What a fresh scan of the repaired model came to. */
export function proofSentence({ scan, bounded, measuredOn }: Omit<Proof, 'sentence'>): string {
  const flagged = suspectedClasses(scan);
  const found = flagged.length
    ? `A fresh scan of the repaired model still finds class ${flagged.join(', ')} suspicious.`
    : 'A fresh scan of the repaired model finds no suspicious class.';
  const sizes = bounded.map(
    ({ target, norm, before, after }) =>
      `A new trigger of at most ${norm.toFixed(1)} pixels sends ${percent(after.rate)} of ${provingImages({ measuredOn })} to class ${target} (in the input model: ${percent(before.rate)}).`,
  );
  return [found, ...sizes].join(' ');
}
