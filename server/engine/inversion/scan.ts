import type { Rate } from '../../protocol/report';
import type { ClassInversion, EstimatedTrigger, ScanResult } from '../../protocol/scan';
import { predict } from '../defense/measure';
import type { InputSource, PassOptions } from '../defense/inputs';
import { badInput } from '../../protocol/errors';
import { frozenLayers } from '../model/frozen';
import type { OpenModel } from '../model/model';
import { rate, roundFigure, roundShare } from '../metrics/rate';
import { anomalies, type Anomaly } from './anomaly';
import { decodeEstimate, encodeEstimate } from './estimate';
import { invertTriggers, type InvertOptions, type Inverted } from './invert';
import { LOOK_EVERY } from './mask-search';
import { limitsFor, SCAN } from './scan-settings';
import { scanSentence } from './scan-words';
import { stampedOthers } from './success';

export { SCAN };

/** Bytes of estimates that a report may hold beside those of flagged classes. */
const MOST_BYTES = 65_536;

export interface ScanSubject extends PassOptions {
  /** Clean images that masks are searched on. */
  search: InputSource;
  /** Other clean images, that success is measured on. */
  measured: InputSource;
  seed: number;
  /** Classes whose final estimate is wanted, flagged or not: the target of a known trigger. */
  wanted: readonly number[];
  /** How far it is, 0 to 1. */
  onProgress?: (done: number) => void;
  /** A class is known better than before: norm in pixels, and its share of the median once all classes have been screened. */
  onClass?: (target: number, norm: number, share: number | null) => void;
}

/**
 * Searches a trigger for every class of a model (Neural Cleanse; Wang et al., IEEE S&P 2019): screens all classes with the same few
 * steps, compares their masks, and gives the time that is left to the classes that stand out.
 * @throws FinePruneError `scan.noGradient`; of kind `cancelled` within one step
 */
export async function scanModel(subject: ScanSubject): Promise<ScanResult> {
  const { model, search, seed } = subject;
  checkSearchable(model);
  const targets = Array.from({ length: model.classes }, (_, target) => target);
  const told = (from: number, to: number) => (done: number, of: number): void => subject.onProgress?.(from + ((to - from) * done) / of);
  const screen = (at: number, onStep: InvertOptions['onStep']): Promise<Inverted[]> =>
    invertTriggers({ targets, source: search, batchSize: SCAN.batchSize, steps: SCAN.steps, patience: Infinity, bounds: null, seed: at, purpose: 'screen', onStep }, subject);

  const first = await screen(seed, (done, of, searches) => {
    told(0, 0.6)(done, of);
    if (done % LOOK_EVERY === 0) for (const { target, best } of searches) if (best) subject.onClass?.(target, best.norm, null);
  });
  const limits = limitsFor(model.classes);
  const norms = screenedNorms(first);
  const second = borderline(anomalies(norms), limits) ? await screen((seed + 1) >>> 0, told(0.6, 0.8)) : null;
  if (second) screenedNorms(second).forEach((norm, target) => (norms[target] = (norms[target]! + norm) / 2));
  const { median, shares, indices } = anomalies(norms);
  targets.forEach((target) => subject.onClass?.(target, norms[target]!, shares[target]!));

  const standsOut = (target: number): boolean => indices[target]! > limits.index && shares[target]! < limits.share;
  const least = norms.indexOf(Math.min(...norms));
  const finals = targets.filter((target) => standsOut(target) || target === least || subject.wanted.includes(target));
  const final = await invertTriggers(
    { targets: finals, source: search, batchSize: SCAN.finalBatchSize, steps: SCAN.finalSteps, patience: SCAN.finalPatience, bounds: null, seed, purpose: 'final', onStep: told(0.8, 0.95) },
    subject,
  );

  const classes: ClassInversion[] = [];
  for (const target of targets) {
    const screened = second ? smaller(first[target]!, second[target]!) : first[target]!;
    const finished = final.find((one) => one.target === target);
    const best = finished?.succeeded ? finished : screened;
    const encoded = encodeEstimate(best);
    const success = await successOf(target, encoded, subject.measured, subject);
    classes.push({
      target,
      norm: roundFigure(decodeEstimate(encoded, model.inputShape).norm),
      screened: roundFigure(norms[target]!),
      share: roundShare(shares[target]!),
      anomalyIndex: roundShare(indices[target]!),
      success,
      steps: first[target]!.steps + (second?.[target]!.steps ?? 0) + (finished?.steps ?? 0),
      flagged: standsOut(target) && success.rate >= SCAN.leastSuccess,
      estimate: encoded,
    });
    told(0.95, 1)(target + 1, targets.length);
  }
  const flagged = classes.filter((one) => one.flagged).sort((a, b) => a.norm - b.norm).map(({ target }) => target);
  const facts: Omit<ScanResult, 'sentence'> = {
    word: flagged.length ? 'suspicious' : 'nothing found',
    flagged,
    classes,
    limits,
    medianNorm: roundFigure(median),
    images: { search: search.count, measured: subject.measured.count },
    batchSize: SCAN.batchSize,
    steps: SCAN.steps,
    seeds: second ? [seed, (seed + 1) >>> 0] : [seed],
  };
  return { ...facts, sentence: scanSentence(facts) };
}

/** @throws FinePruneError `scan.noGradient` for a model through which no gradient gets to the pixels */
export function checkSearchable({ graph }: Pick<OpenModel, 'graph'>): void {
  const [frozen] = frozenLayers(graph);
  if (!frozen) return;
  throw badInput('scan.noGradient', `No trigger can be searched in this model: no gradient passes through "${frozen.layer}" (${frozen.reason}).`, {
    place: '/model', todo: 'Repair it with the known trigger and the strategy "fine-pruning", which needs no search.',
  });
}

/** Norms in pixels. A class that no trigger was found for needs more than the mask that failed, and counts as no less than any that was found. */
function screenedNorms(screened: readonly Inverted[]): number[] {
  const largest = Math.max(0, ...screened.filter(({ succeeded }) => succeeded).map(({ norm }) => norm));
  return screened.map(({ succeeded, norm }) => (succeeded ? norm : Math.max(norm, largest)));
}

function smaller(a: Inverted, b: Inverted): Inverted {
  if (a.succeeded !== b.succeeded) return a.succeeded ? a : b;
  return b.norm < a.norm ? b : a;
}

/** Whether another seed might come to another answer. */
function borderline({ shares, indices }: Anomaly, limits: ScanResult['limits']): boolean {
  const within = (value: number, [from, to]: readonly [number, number]): boolean => value > from && value < to;
  return within(Math.min(...shares), SCAN.borderline.share) || shares.some((share, target) => share < limits.share && within(indices[target]!, SCAN.borderline.index));
}

/** Share of the measured images of other classes that an estimated trigger takes to its target. */
export async function successOf(target: number, estimate: EstimatedTrigger, measured: InputSource, { model, normalisation, signal }: PassOptions): Promise<Rate> {
  const { stamped } = stampedOthers(target, estimate, measured, { model });
  const predicted = await predict(stamped, { model, normalisation, signal });
  return rate(predicted.reduce((n, label) => n + (label === target ? 1 : 0), 0), stamped.count);
}

/**
 * What a report holds of a scan: estimates of all classes where they are small, else of those that matter.
 * @param target class of the trigger that a run measures with: its estimate is needed to measure again
 */
export function reportedScan(scan: ScanResult, target: number | null = null): ScanResult {
  const bytes = scan.classes.reduce((sum, { estimate }) => sum + (estimate ? estimate.mask.length + estimate.pattern.length : 0), 0);
  if (bytes <= MOST_BYTES) return scan;
  return { ...scan, classes: scan.classes.map((one) => (one.flagged || one.target === target ? one : { ...one, estimate: null })) };
}
