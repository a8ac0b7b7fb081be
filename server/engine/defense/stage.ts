import type { DefenseReport } from '../../protocol/report/report';
import type { MeasuredInputs } from '../triggers/triggered-inputs';
import { outcomes, type Predictions, type Truth } from '../metrics/evaluate';
import { mcnemar } from '../metrics/mcnemar';
import type { UnitSite } from '../model/model';
import type { InputSource, PassOptions } from '../pass/inputs';
import { measure, predict, type Measured } from '../pass/measure';

/** What a stage of the defense is measured on: clean test images, and with a trigger the same images stamped, of all classes. */
export interface StageInputs {
  readonly test: InputSource;
  readonly triggered: MeasuredInputs | null;
}

/** Images that one stage runs through the network. */
export function stageImages({ test, triggered }: StageInputs): number {
  return test.count + (triggered ? triggered.count + triggered.ofTarget.count : 0);
}

export function truthOf(classes: number, { test, triggered }: StageInputs): Truth {
  return {
    classes,
    clean: test.labels,
    triggered: triggered && {
      labels: triggered.labels,
      target: triggered.target,
      positions: triggered.positions,
      positionsOfTarget: triggered.ofTarget.positions,
    },
  };
}

/** Predicts every input of a stage. @param run predicts one source; by default the model as it is */
export async function predictStage(
  { test, triggered }: StageInputs,
  pass: PassOptions,
  run = predict,
): Promise<Predictions> {
  const [at, sources] = [offsets({ test, triggered }), triggered ? [test, triggered, triggered.ofTarget] : [test]];
  const [clean, ...stamped] = await inTurn(sources, (source, i) => run(source, shifted(pass, at[i]!)));
  return { clean: clean!, triggered: stamped[0] ?? null, ofTarget: stamped[1] ?? null };
}

/** The same, with the activations of a layer on the clean images and on those of the ASR. */
export async function measureStage(
  { test, triggered }: StageInputs,
  site: UnitSite,
  pass: PassOptions,
): Promise<{ onTest: Measured; onTriggered: Measured | null; predictions: Predictions }> {
  const [, first, second] = offsets({ test, triggered });
  const onTest = await measure(test, site, pass);
  const onTriggered = triggered && (await measure(triggered, site, shifted(pass, first!)));
  const ofTarget = triggered && (await predict(triggered.ofTarget, shifted(pass, second!)));
  return {
    onTest,
    onTriggered,
    predictions: { clean: onTest.predicted, triggered: onTriggered && onTriggered.predicted, ofTarget },
  };
}

/** Before against after on the same images (McNemar). */
export function comparisonOf(
  before: Predictions,
  after: Predictions,
  { clean, triggered }: Truth,
): DefenseReport['comparison'] {
  return {
    cleanAccuracy: mcnemar(outcomes(before.clean, clean), outcomes(after.clean, clean)),
    attackSuccess:
      triggered && mcnemar(outcomes(before.triggered!, triggered.target), outcomes(after.triggered!, triggered.target)),
  };
}

function offsets({ test, triggered }: StageInputs): number[] {
  return [0, test.count, test.count + (triggered?.count ?? 0)];
}

/** A pass that goes on counting images where the ones before it ended. */
function shifted(pass: PassOptions, by: number): PassOptions {
  const { onImages } = pass;
  return onImages ? { ...pass, onImages: (done, of) => onImages(by + done, of) } : pass;
}

async function inTurn<T, R>(values: readonly T[], work: (value: T, at: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const [at, value] of values.entries()) results.push(await work(value, at));
  return results;
}
