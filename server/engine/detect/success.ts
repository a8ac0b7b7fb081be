import type { Rate, TriggeredRate } from '../../protocol/report/report';
import type { EstimatedTrigger } from '../../protocol/report/scan';
import { subsetOf, type InputSource, type PassOptions } from '../pass/inputs';
import { predict } from '../pass/measure';
import { rate } from '../metrics/rate';
import { triggeredRate } from '../metrics/triggered-rate';
import { estimatedTrigger } from '../triggers/estimate';

/** Images of other classes than the target, as they are and with an estimated trigger. */
export function stampedOthers(
  target: number,
  estimate: EstimatedTrigger,
  measured: InputSource,
  { model }: Pick<PassOptions, 'model'>,
): { others: InputSource; stamped: InputSource } {
  const trigger = estimatedTrigger(target, estimate, model.inputShape);
  const others = subsetOf(
    measured,
    Int32Array.from(measured.labels.keys()).filter((i) => measured.labels[i] !== target),
  );
  const pixels = (positions: ArrayLike<number>): Float32Array => {
    const values = others.pixels(positions);
    trigger.stamp(values);
    return values;
  };
  return { others, stamped: { ...others, pixels } };
}

/** Success of an estimated trigger on images of other classes, beside what they are taken for without it. */
export async function pairedSuccess(
  target: number,
  estimate: EstimatedTrigger,
  measured: InputSource,
  pass: PassOptions,
): Promise<TriggeredRate> {
  const { others, stamped } = stampedOthers(target, estimate, measured, pass);
  const quiet: PassOptions = { model: pass.model, normalisation: pass.normalisation, signal: pass.signal };
  return triggeredRate(target, await predict(stamped, quiet), await predict(others, quiet));
}

/** Share of the measured images of other classes that an estimated trigger sends to its target. */
export async function successOf(
  target: number,
  estimate: EstimatedTrigger,
  measured: InputSource,
  { model, normalisation, signal }: PassOptions,
): Promise<Rate> {
  const { stamped } = stampedOthers(target, estimate, measured, { model });
  const predicted = await predict(stamped, { model, normalisation, signal });
  return rate(
    predicted.reduce((n, label) => n + (label === target ? 1 : 0), 0),
    stamped.count,
  );
}
