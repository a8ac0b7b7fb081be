import { MOST_UNITS } from '../../shape/shape';
import type { Attempt, HeldOutFigures, Proof, Round } from '../attempts';
import { checkTriggeredRate, count, index, refuse } from './bound-checks';
import { checkScan, norm, pixelsOf, type ScannedModel } from './scan-bounds';

/** Figures of the repairs that were tried, possible one by one. */
export function checkAttempts(attempts: readonly Attempt[], model: ScannedModel): void {
  attempts.forEach((attempt, at) => {
    const pointer = `/attempts/${at}`;
    index(attempt.units, MOST_UNITS, `${pointer}/units`);
    count(attempt.keptRound, `${pointer}/keptRound`, attempt.rounds.length, 1);
    attempt.rounds.forEach((round, number) => checkRound(round, `${pointer}/rounds/${number}`, model));
    checkHeldOut(attempt.heldOut, `${pointer}/heldOut`);
  });
}

/** Figures of a proof, possible one by one. */
export function checkProof({ scan, bounded }: Proof, model: ScannedModel): void {
  checkScan(scan, '/proof/scan', model);
  const pixels = pixelsOf(model.shape, '/proof/bounded');
  bounded.forEach((one, at) => {
    const pointer = `/proof/bounded/${at}`;
    count(one.target, `${pointer}/target`, model.classes - 1);
    norm(one.norm, pixels, `${pointer}/norm`);
    checkTriggeredRate(one.before, `${pointer}/before`);
    checkTriggeredRate(one.after, `${pointer}/after`);
  });
}

function checkRound({ inverted, heldOut }: Round, pointer: string, { classes, shape }: ScannedModel): void {
  const pixels = pixelsOf(shape, pointer);
  inverted.forEach((one, at) => {
    const place = `${pointer}/inverted/${at}`;
    count(one.target, `${place}/target`, classes - 1);
    norm(one.norm, pixels, `${place}/norm`);
  });
  checkHeldOut(heldOut, `${pointer}/heldOut`);
}

function checkHeldOut(figures: HeldOutFigures, pointer: string): void {
  for (const key of ['correctBefore', 'correct'] as const) count(figures[key], `${pointer}/${key}`, figures.images);
  for (const key of ['knownTrigger', 'estimatedTrigger', 'freshTrigger'] as const) {
    const rate = figures[key];
    if (!rate) continue;
    checkTriggeredRate(rate, `${pointer}/${key}`);
    if (rate.of > figures.images)
      refuse(`${pointer}/${key}/of`, `is ${rate.of}, but ${figures.images} images were held out`);
  }
}
