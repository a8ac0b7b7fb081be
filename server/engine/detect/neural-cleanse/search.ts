import type { SearchPlan } from '../../../protocol/messages/engine';
import type { ClassInversion, EstimatedTrigger, NeuralCleanseEvidence } from '../../../protocol/report/scan';
import { roundFigure, roundShare } from '../../metrics/rate';
import type { ScanSubject } from '../detector';
import { anomalies, type Anomaly } from './anomaly';
import { decodeEstimate, encodeEstimate } from '../../triggers/estimate';
import { classesAtOnce, invertTriggers, type InvertOptions, type Inverted } from './invert';
import { LOOK_EVERY } from './mask-search';
import { isComparable, limitsFor, SCAN } from './settings';
import { FirstSteps, ScanShare } from './scan-share';
import { successOf } from '../success';

/** Of many classes, bytes of estimates that a result holds beside those that matter. */
const MOST_KEPT_BYTES = 64 << 20;

/** What the screening found for a class. Bytes take a quarter of the memory of numbers: there may be a thousand classes. */
interface Screened extends Pick<Inverted, 'target' | 'norm' | 'succeeded' | 'steps'> {
  readonly estimate: EstimatedTrigger;
}

/** Image passes that a step's gradient by the pixels costs. */
const GRADIENT_COST = 3;

/**
 * Searches a trigger for every class of a model (Neural Cleanse; Wang et al., IEEE S&P 2019): screens all classes with the same few
 * steps, compares their masks, and gives the time that is left to the classes that stand out.
 * @throws FinePruneError of kind `cancelled` within one step
 */
export async function searchMasks(subject: ScanSubject): Promise<NeuralCleanseEvidence> {
  const { model, search, measured, seed } = subject;
  const all = Array.from({ length: model.classes }, (_, target) => target);
  const targets = subject.targets ?? all;
  const searched = targets.length < all.length ? { classes: [...targets], of: all.length } : undefined;
  const share = new ScanShare(subject.onProgress);
  const costs = {
    screen: targets.length * SCAN.batchSize * SCAN.steps * GRADIENT_COST,
    final: SCAN.finalBatchSize * SCAN.finalSteps * GRADIENT_COST,
    success: targets.length * measured.count,
  };

  share.begin(costs.screen, costs.final + costs.success);
  const first = await screen(subject, targets, seed, share, true);
  const limits = limitsFor(model.classes);
  const norms = screenedNorms(first);
  const isBorderline = borderline(anomalies(norms), limits);
  if (isBorderline) share.begin(costs.screen, costs.final + costs.success);
  const second = isBorderline ? await screen(subject, targets, (seed + 1) >>> 0, share, false) : null;
  if (second) screenedNorms(second).forEach((norm, at) => (norms[at] = (norms[at]! + norm) / 2));
  const { median, shares, indices } = anomalies(norms);
  targets.forEach((target, at) => subject.onClass?.(target, norms[at]!, shares[at]!));

  const standsOut = (at: number): boolean => indices[at]! > limits.index && shares[at]! < limits.share;
  const least = norms.indexOf(Math.min(...norms));
  const finals = targets.filter((target, at) => standsOut(at) || at === least || subject.wanted.includes(target));
  share.begin(finals.length * costs.final, costs.success);
  const final = await invertTriggers(
    {
      targets: finals,
      source: search,
      batchSize: SCAN.finalBatchSize,
      steps: SCAN.finalSteps,
      patience: SCAN.finalPatience,
      bounds: null,
      seed,
      purpose: 'final',
      onStep: (done, of) => share.step(done, of),
    },
    subject,
  );

  share.begin(costs.success, 0);
  const comparable = isComparable(targets.length, searched);
  const classes: ClassInversion[] = [];
  for (const [at, target] of targets.entries()) {
    const screened = second ? smaller(first[at]!, second[at]!) : first[at]!;
    const finished = final.find((one) => one.target === target);
    const estimate = finished?.succeeded ? encodeEstimate(finished) : screened.estimate;
    const success = await successOf(target, estimate, measured, subject);
    classes.push({
      target,
      norm: roundFigure(decodeEstimate(estimate, model.inputShape).norm),
      screened: roundFigure(norms[at]!),
      share: roundShare(shares[at]!),
      anomalyIndex: roundShare(indices[at]!),
      success,
      steps: first[at]!.steps + (second?.[at]!.steps ?? 0) + (finished?.steps ?? 0),
      flagged: comparable && standsOut(at) && success.rate >= SCAN.leastSuccess,
      estimate,
    });
    share.step(at + 1, targets.length);
  }
  return {
    method: 'neural-cleanse',
    limits,
    medianNorm: roundFigure(median),
    batchSize: SCAN.batchSize,
    steps: SCAN.steps,
    seeds: second ? [seed, (seed + 1) >>> 0] : [seed],
    classes: keptEstimates(classes, finals),
  };
}

/** The same few steps for every class, so many classes at a time as go through the network together. */
async function screen(
  subject: ScanSubject,
  targets: readonly number[],
  seed: number,
  share: ScanShare,
  isFirst: boolean,
): Promise<Screened[]> {
  const atOnce = classesAtOnce(SCAN.batchSize);
  const groups = Math.ceil(targets.length / atOnce);
  const rowsAtOnce = Math.min(targets.length, atOnce) * SCAN.batchSize;
  const clock = new FirstSteps((seconds) =>
    subject.onPlan?.(planOf(subject, targets.length, groups, seconds, rowsAtOnce)),
  );
  const found: Screened[] = [];
  for (let group = 0; group < groups; group++) {
    const onStep: InvertOptions['onStep'] = (done, of, searches) => {
      share.step(group * of + done, groups * of);
      if (!isFirst) return;
      if (group === 0) clock.step(done);
      if (done % LOOK_EVERY === 0)
        for (const { target, best } of searches) if (best) subject.onClass?.(target, best.norm, null);
    };
    const inverted = await invertTriggers(
      {
        targets: targets.slice(group * atOnce, (group + 1) * atOnce),
        source: subject.search,
        batchSize: SCAN.batchSize,
        steps: SCAN.steps,
        patience: Infinity,
        bounds: null,
        seed,
        purpose: 'screen',
        onStep,
      },
      subject,
    );
    found.push(
      ...inverted.map((one) => ({
        target: one.target,
        norm: one.norm,
        succeeded: one.succeeded,
        steps: one.steps,
        estimate: encodeEstimate(one),
      })),
    );
  }
  return found;
}

/** The time of a whole scan by that of one step of the screening: one class is estimated further, and the success of all is measured. */
function planOf(
  { measured }: ScanSubject,
  classes: number,
  groups: number,
  secondsPerStep: number,
  rowsPerStep: number,
): SearchPlan {
  const screening = secondsPerStep * SCAN.steps * groups;
  const perPass = secondsPerStep / (rowsPerStep * GRADIENT_COST);
  const after = perPass * (SCAN.finalBatchSize * SCAN.finalSteps * GRADIENT_COST + classes * measured.count);
  return { classes, images: SCAN.batchSize, steps: SCAN.steps, seconds: screening + after };
}

/** All estimates where they are not too many; else those that somebody may need. */
function keptEstimates(classes: ClassInversion[], finals: readonly number[]): ClassInversion[] {
  const bytes = classes.reduce(
    (sum, { estimate }) => sum + (estimate ? estimate.mask.length + estimate.pattern.length : 0),
    0,
  );
  if (classes.length <= classesAtOnce(SCAN.batchSize) || bytes <= MOST_KEPT_BYTES) return classes;
  return classes.map((one) => (one.flagged || finals.includes(one.target) ? one : { ...one, estimate: null }));
}

/** Norms in pixels. A class that no trigger was found for needs more than the mask that failed, and counts as no less than any that was found. */
function screenedNorms(screened: readonly Screened[]): number[] {
  const largest = Math.max(0, ...screened.filter(({ succeeded }) => succeeded).map(({ norm }) => norm));
  return screened.map(({ succeeded, norm }) => (succeeded ? norm : Math.max(norm, largest)));
}

function smaller(a: Screened, b: Screened): Screened {
  if (a.succeeded !== b.succeeded) return a.succeeded ? a : b;
  return b.norm < a.norm ? b : a;
}

/** Whether another seed might come to another answer. */
function borderline({ shares, indices }: Anomaly, limits: NeuralCleanseEvidence['limits']): boolean {
  const within = (value: number, [from, to]: readonly [number, number]): boolean => value > from && value < to;
  return (
    within(Math.min(...shares), SCAN.borderline.share) ||
    shares.some((share, at) => share < limits.share && within(indices[at]!, SCAN.borderline.index))
  );
}
