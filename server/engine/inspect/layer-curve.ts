import type { CurveData, LimitData } from '../../protocol/messages/inspect';
import { drawn } from '../data/random';
import { allIndices } from '../data/roles';
import type { OpenModel, UnitSite } from '../model/model';
import { sourceOf, type PassOptions } from '../pass/inputs';
import { measure, type Measured } from '../pass/measure';
import { curveHits, type Draw } from '../pruning/curve';
import { curveBudgets, type CurveHits } from '../pruning/curve-plan';
import { largestWithinLimit } from '../pruning/stopping';
import { guideOf } from '../pruning/guide';
import { samplesOf } from '../triggers/triggered-inputs';
import type { Analysed } from './analyse';
import type { LayerState } from './layer-state';
import type { Subject } from './subject';
import type { Told } from './triggers';
import { count } from '../../protocol/words';

/** How many units the rule would have pruned, chosen on held-out images as in a run. */
export async function limitOf(held: LayerState, told: Told, signal: AbortSignal): Promise<LimitData> {
  if (held.limit) return held.limit;
  const { subject, model, site, state, data } = held;
  const { config, roles, guide } = subject;
  const title = heldOutTitle(subject);
  const answer: LimitData = { kind: 'limit', layer: site.layer, state, limit: null, smallest: null };
  if (guide) {
    const found = await guideOf(
      { config, model, site, roles, normalisation: config.data },
      guide,
      { signal },
      (share) => told(title, share),
    );
    answer.smallest = found!.smallest;
  } else if (roles.holdout.indices.length) {
    const source = sourceOf(roles.holdout);
    const options: PassOptions = { model, normalisation: config.data, signal };
    const measured = await measure(source, site, {
      ...options,
      onImages: (done) => told(title, (0.5 * done) / source.count),
    });
    const hits = await curveHits(
      { source, measured, wanted: 'labels' },
      site,
      data.order,
      drawOf(subject),
      curveBudgets(config.curve, subject.triggered !== null).holdout,
      { ...options, onImages: (done, of) => told('Computing the held-out curve', 0.5 + (0.5 * done) / of) },
    );
    answer.limit = largestWithinLimit(hits, config.gates.maxAccuracyDrop);
  }
  held.limit = answer;
  return answer;
}

export const heldOutTitle = ({ roles }: Subject): string =>
  `Measuring ${count(roles.holdout.indices.length)} held-out images`;

function drawOf({ config }: Subject): Draw {
  return (n, wanted) => drawn(allIndices(n), wanted, config.seed, 'curve');
}

/**
 * The pruning curve of a layer, as a run's report has it.
 * @param done share of the passes that are behind, 0 to 1
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function curveOf(
  subject: Subject,
  model: OpenModel,
  site: UnitSite,
  order: Int32Array,
  test: Analysed,
  triggered: Analysed | null,
  done: (share: number) => void,
  signal: AbortSignal,
): Promise<CurveData> {
  const { triggered: inputs } = subject;
  const parts = triggered ? 2 : 1;
  const options = (behind: number): PassOptions => ({
    model,
    normalisation: subject.config.data,
    signal,
    onImages: (images, of) => done((behind + images / of) / parts),
  });
  const budgets = curveBudgets(subject.config.curve, triggered !== null);
  done(0);
  const draw = drawOf(subject);
  // Only activations that enter the classifier as they are can replace its input.
  const measured = ({ predicted, statistics, activations }: Analysed): Measured => ({
    predicted,
    statistics,
    activations: site.feedsClassifier ? activations : null,
  });
  const clean = await curveHits(
    {
      source: test.source,
      measured: measured(test),
      wanted: 'labels',
      ...(inputs && { base: { target: inputs.target, samples: samplesOf(inputs, model.classes) } }),
    },
    site,
    order,
    draw,
    budgets.clean,
    options(0),
  );
  const success: CurveHits | null =
    triggered &&
    (await curveHits(
      { source: triggered.source, measured: measured(triggered), wanted: inputs!.target },
      site,
      order,
      draw,
      budgets.triggered,
      options(1),
    ));
  return {
    pruned: Int32Array.from(clean.points),
    correct: Int32Array.from(clean.hits),
    successful: success && Int32Array.from(success.hits),
    base: clean.taken ? Float32Array.from(clean.taken, (share) => Math.min(1, share)) : null,
    images: clean.inputs,
    triggeredImages: success && success.inputs,
    subset: clean.inputs < test.available || (success !== null && success.inputs < triggered!.available),
  };
}
