import type { MaskData, MaskFigures } from '../../../protocol/messages/inspect';
import { samplesOf } from '../../triggers/triggered-inputs';
import { baseRateOf, countsFor } from '../../metrics/base-rate';
import { rate } from '../../metrics/rate';
import type { Analysed } from '../analyse';
import type { LayerState } from '../layer-state';
import { fromActivations } from './mask-dense';
import { fromFrontiers, fromImages } from './mask-tail';
import type { Told } from '../triggers';

/** What a model says of some inputs of one set, with the units pruned and as it is. */
export interface Judged {
  readonly labels: Int32Array;
  readonly masked: Int32Array;
  readonly unmasked: Int32Array;
}

/** Both sets: clean test inputs, and triggered ones when a trigger is known. */
export interface BothJudged {
  readonly clean: Judged;
  readonly triggered: Judged | null;
}

/**
 * What pruning exactly `units` does, before any fine-tuning: the same as `masksFor` and an evaluation, from what is kept. A layer
 * that feeds the classifier is answered on all inputs as long as that is quick; other layers run the rest of the network on a
 * subset (`quick`) or on everything (`full`).
 * @param units indices in [0, units), each once
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function maskData(
  held: LayerState,
  units: Int32Array,
  scope: 'quick' | 'full',
  told: Told,
  signal: AbortSignal,
): Promise<MaskData> {
  const { model, site, state, test, triggered, subject } = held;
  const { clean, triggered: attacked } = await judge(held, units, scope, told, signal);
  const target = subject.triggered?.target ?? 0;
  const samples = subject.triggered && samplesOf(subject.triggered, model.classes);
  const figures = (which: 'masked' | 'unmasked'): MaskFigures => ({
    cleanAccuracy: shareOf(clean[which], clean.labels),
    attackSuccessRate: attacked && shareOf(attacked[which], target),
    baseRate: attacked && baseRateOf(countsFor(clean.labels, clean[which], target, model.classes), samples, target),
    robustAccuracy: attacked && shareOf(attacked[which], attacked.labels),
  });
  return {
    kind: 'mask',
    layer: site.layer,
    state,
    units: units.length,
    masked: figures('masked'),
    unmasked: figures('unmasked'),
    subset:
      clean.labels.length < test.available || (attacked !== null && attacked.labels.length < triggered!.available),
  };
}

function judge(
  held: LayerState,
  units: Int32Array,
  scope: 'quick' | 'full',
  told: Told,
  signal: AbortSignal,
): Promise<BothJudged> {
  const { site, test, triggered } = held;
  const whole = ({ positions }: Analysed): boolean => positions === null;
  if (site.feedsClassifier && (scope === 'quick' || (whole(test) && (!triggered || whole(triggered)))))
    return fromActivations(held, units, scope, signal);
  return scope === 'quick' ? fromFrontiers(held, units, signal) : fromImages(held, units, told, signal);
}

function shareOf(predicted: Int32Array, wanted: Int32Array | number): ReturnType<typeof rate> {
  let hits = 0;
  for (let i = 0; i < predicted.length; i++)
    if (predicted[i] === (typeof wanted === 'number' ? wanted : wanted[i])) hits++;
  return rate(hits, predicted.length);
}
