import type { HeldOutFigures, TriggeredRate } from '../../protocol/report/report';
import { suspectedClasses, inversionOf, type ScanResult } from '../../protocol/report/scan';
import type { OpenTrigger } from '../triggers/open-trigger';
import { triggeredInputs, type MeasuredInputs } from '../triggers/triggered-inputs';
import type { View } from '../data/dataset';
import { judgedSuccess, triggeredRate } from '../metrics/triggered-rate';
import { boundedSuccess } from '../detect/neural-cleanse/bounded';
import { predict } from '../pass/measure';
import type { RepairContext, Repaired } from './repair';
import { sourceOf, type InputSource, type PassOptions } from '../pass/inputs';

/** Held-out clean images, and the same with the triggers that there are: all that choices are made on. */
export interface HeldOut {
  readonly clean: InputSource;
  /** With the known trigger; null without one that can be stamped. */
  readonly known: MeasuredInputs | null;
  /** With the estimated triggers of the input model. */
  readonly estimated: readonly MeasuredInputs[];
  /** Images that the input model classifies as labelled. */
  readonly correctBefore: number;
}

/** The model in `pass` has to be the input model. */
export async function openHeldOut(
  view: View,
  known: OpenTrigger | null,
  estimated: readonly OpenTrigger[],
  pass: PassOptions,
): Promise<HeldOut> {
  const clean = sourceOf(view);
  return {
    clean,
    known: known && !known.samples ? triggeredInputs(known, view) : null,
    estimated: estimated.map((trigger) => triggeredInputs(trigger, view)),
    correctBefore: correctIn(await predict(clean, bare(pass)), clean),
  };
}

/** Success of triggers inverted afresh on the model as it is now, none larger than the one found in the input model; null without a suspicious class. */
export async function freshOn(
  { subject, scan, images, pass }: RepairContext,
  onProgress?: (share: number) => void,
): Promise<Repaired['fresh']> {
  const bounds = scan ? boundsOf(scan) : [];
  return bounds.length && images ? boundedSuccess(bounds, images, subject.config.seed, pass, onProgress) : null;
}

/**
 * The norms of the triggers that a scan found for suspicious classes, in pixels. Any honest class has a trigger as large as
 * its own estimate: what one of that size reaches says nothing.
 */
export function boundsOf(scan: ScanResult): { target: number; norm: number }[] {
  return suspectedClasses(scan).map((target) => ({ target, norm: inversionOf(scan, target)!.norm }));
}

/** @param fresh success of triggers that were inverted afresh on the model as it is now */
export async function heldOutFigures(
  heldOut: HeldOut,
  fresh: readonly { success: TriggeredRate }[] | null,
  pass: PassOptions,
): Promise<HeldOutFigures> {
  const { clean, known, estimated, correctBefore } = heldOut;
  const predicted = await predict(clean, bare(pass));
  return {
    images: clean.count,
    correctBefore,
    correct: correctIn(predicted, clean),
    knownTrigger: known && (await successRate(known, predicted, pass)),
    estimatedTrigger: worst(await inTurn(estimated, (inputs) => successRate(inputs, predicted, pass))),
    freshTrigger: worst((fresh ?? []).map(({ success }) => success)),
  };
}

function correctIn(predicted: Int32Array, { labels }: InputSource): number {
  return predicted.reduce((n, label, i) => n + (label === labels[i] ? 1 : 0), 0);
}

/** @param clean what the model takes the held-out images for without a trigger */
async function successRate(inputs: MeasuredInputs, clean: Int32Array, pass: PassOptions): Promise<TriggeredRate> {
  return triggeredRate(
    inputs.target,
    await predict(inputs, bare(pass)),
    inputs.positions.map((position) => clean[position]!),
  );
}

const bare = ({ model, normalisation, signal }: PassOptions): PassOptions => ({ model, normalisation, signal });

function worst(rates: readonly TriggeredRate[]): TriggeredRate | null {
  return rates.length ? rates.reduce((a, b) => (judgedSuccess(b).share > judgedSuccess(a).share ? b : a)) : null;
}

async function inTurn<T, R>(values: readonly T[], work: (value: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const value of values) results.push(await work(value));
  return results;
}
