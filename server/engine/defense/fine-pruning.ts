import type { ResolvedConfig } from '../../protocol/config';
import { MOST_FULL_CLASSES } from '../../protocol/report/confusion';
import type {
  CurvePoint,
  DefenseReport,
  LayerAnalysis,
  PruningCurve,
  PruningResult,
  StageMetrics,
} from '../../protocol/report/report';
import { refuseStamp, type OpenTrigger } from '../triggers/open-trigger';
import { triggeredInputs, type MeasuredInputs } from '../triggers/triggered-inputs';
import type { Normalisation, Roles, View } from '../data/dataset';
import { drawn } from '../data/random';
import { allIndices } from '../data/roles';
import { stageMetrics, type Predictions } from '../metrics/evaluate';
import { roundFigure, roundShare } from '../metrics/rate';
import { masksFor } from '../model/masks';
import type { OpenModel, UnitSite } from '../model/model';
import type { Progress } from '../process/progress';
import { nearChance } from '../metrics/near-chance';
import { train } from '../training/train';
import { curveHits, type Draw } from '../pruning/curve';
import { curveBudgets, largestWithinLimit, type CurveHits } from '../pruning/curve-plan';
import { sourceOf, type InputSource, type PassOptions } from '../pass/inputs';
import { measure, type Measured } from '../pass/measure';
import { chosenUnits } from '../pruning/named-units';
import { mostRaised, pruneOrder } from '../pass/ranking';
import { comparisonOf, measureStage, predictStage, stageImages, truthOf } from './stage';
import { guidedOrder, type GuidedOrder, type RaisedSetting } from '../pruning/triggered-difference';

export interface Subject {
  config: ResolvedConfig;
  model: OpenModel;
  site: UnitSite;
  roles: Roles;
  triggered: MeasuredInputs | null;
  normalisation: Normalisation;
  /** Layers without a gradient, with the reason. */
  frozen: readonly { layer: string; reason: string }[];
}

export type Outcome = Pick<
  DefenseReport,
  'stages' | 'comparison' | 'layer' | 'pruning' | 'curve' | 'fineTuning' | 'repaired' | 'scan' | 'attempts' | 'proof'
> & {
  /** Number of predictions, clean and triggered, that pruning alone changed. */
  pruningChanged: number;
};

/**
 * Fine-Pruning (Liu, Dolan-Gavitt, Garg, "Fine-Pruning: Defending Against Backdooring Attacks on Deep Neural Networks", RAID
 * 2018, section 3): analyse activations on clean data, prune the units with the lowest mean (or those that the config names),
 * fine-tune; measured before, after pruning and after fine-tuning. The model's variables are changed; saving them is the caller's.
 * @throws FinePruneError of kind `cancelled` within one batch
 */
export async function finePrune(
  subject: Subject,
  trigger: OpenTrigger | null,
  progress: Progress,
  signal: AbortSignal,
  onStage: (stage: 'before' | 'pruned' | 'after', m: StageMetrics) => void,
): Promise<Outcome> {
  const { config, model, site, roles, triggered, normalisation } = subject;
  const pass: PassOptions = { model, normalisation, signal };
  const test = sourceOf(roles.test);
  const inputs = { test, triggered };
  const truth = truthOf(model.classes, inputs);
  const told = (stage: 'before' | 'pruned' | 'after', predictions: Predictions): StageMetrics => {
    const metrics = stageMetrics(predictions, truth);
    progress.metrics = {
      cleanAccuracy: metrics.cleanAccuracy.rate,
      ...(metrics.attackSuccessRate &&
        metrics.robustAccuracy && {
          attackSuccessRate: metrics.attackSuccessRate.rate,
          robustAccuracy: metrics.robustAccuracy.rate,
        }),
    };
    onStage(stage, metrics);
    return metrics;
  };
  const images = stageImages(inputs);
  const evaluate = (phase: 'evaluate-pruned' | 'evaluate-after'): Promise<Predictions> => {
    progress.begin(phase, images);
    return predictStage(inputs, { ...pass, onImages: (n) => progress.step(n) });
  };

  progress.begin('evaluate-before', images);
  const {
    onTest,
    onTriggered,
    predictions: predictedBefore,
  } = await measureStage(inputs, site, { ...pass, onImages: (n) => progress.step(n) });
  const before = told('before', predictedBefore);

  progress.begin('analyse', roles.holdout.indices.length + roles.analysis.indices.length);
  const holdout = roles.holdout.indices.length ? sourceOf(roles.holdout) : null;
  const onHoldout = holdout && (await measure(holdout, site, { ...pass, onImages: (n) => progress.step(n) }));
  const analysed = sameView(roles.analysis, roles.test)
    ? onTest
    : holdout && sameView(roles.analysis, roles.holdout)
      ? onHoldout!
      : await measure(sourceOf(roles.analysis), site, {
          ...pass,
          onImages: (n) => progress.step(roles.holdout.indices.length + n),
        });
  const guide = config.prune.rule === 'triggered-difference' ? await guideOf(subject, trigger, pass) : null;
  const order = guide
    ? guide.order
    : pruneOrder(config.prune.rule === 'clean-mean-abs' ? analysed.statistics.meanAbs() : analysed.statistics.mean());
  const layer = layerAnalysis(site, analysed, onTriggered);

  progress.begin('curve', 1);
  const { curve: plain, limit } = await pruningCurve(
    subject,
    order,
    { test, onTest, triggered, onTriggered, holdout, onHoldout },
    pass,
  );
  const curve: PruningCurve = guide ? { ...plain, smallestWithinGate: guide.smallest } : plain;

  const repaired = !nearChance(before) && (guide !== null || config.prune.rule !== 'triggered-difference');
  const chosen = repaired
    ? chosenUnits(config.prune, order, guide ? (guide.smallest?.pruned ?? guide.withinAccuracy) : limit && limit.pruned)
    : new Int32Array();
  const pruning = pruningResult(config.prune, chosen, layer);
  const fineTuning = {
    ...config.fineTune,
    epochs: repaired ? config.fineTune.epochs : 0,
    steps: 0,
    images: roles.fineTune.indices.length,
    optimizer: 'adam' as const,
    history: [],
    frozen: subject.frozen.map((f) => `${f.layer} (${f.reason})`),
  };
  if (!repaired) {
    return {
      stages: { before, pruned: before, after: before },
      comparison: comparisonOf(predictedBefore, predictedBefore, truth),
      layer,
      pruning,
      curve,
      fineTuning,
      repaired,
      pruningChanged: 0,
    };
  }

  progress.begin('prune', 1);
  const masks = masksFor(model, site, pruning.units);
  try {
    masks.apply();
    const predictedPruned = await evaluate('evaluate-pruned');
    const pruned = told('pruned', predictedPruned);

    const source = sourceOf(roles.fineTune);
    progress.begin('fine-tune', Math.ceil(source.count / config.fineTune.batchSize) * config.fineTune.epochs);
    const trained = await train({
      model,
      source,
      normalisation,
      ...config.fineTune,
      seed: config.seed,
      masks,
      frozen: subject.frozen.map((f) => f.layer),
      signal,
      onStep: (step, _total, soFar) => progress.step(step, soFar),
    });
    const predictedAfter = await evaluate('evaluate-after');
    const after = told('after', predictedAfter);
    return {
      stages: { before, pruned, after },
      comparison: comparisonOf(predictedBefore, predictedAfter, truth),
      layer,
      pruning,
      curve,
      fineTuning: { ...fineTuning, ...trained },
      repaired,
      pruningChanged:
        changes(predictedBefore.clean, predictedPruned.clean) +
        (predictedBefore.triggered ? changes(predictedBefore.triggered, predictedPruned.triggered!) : 0),
    };
  } finally {
    masks.dispose();
  }
}

/** What the order of `triggered-difference` is read from. @throws FinePruneError `trigger.samples` for a trigger that can't be stamped on held-out images */
export function raisedSetting(
  { model, site, roles, normalisation }: Pick<Subject, 'model' | 'site' | 'roles' | 'normalisation'>,
  trigger: OpenTrigger,
  signal: AbortSignal,
): RaisedSetting {
  if (trigger.samples) refuseStamp();
  return {
    model,
    site,
    normalisation,
    signal,
    clean: sourceOf(roles.holdout),
    triggered: triggeredInputs(trigger, roles.holdout),
  };
}

/** The order of `triggered-difference`, from held-out images. @throws FinePruneError as `raisedSetting` does */
export async function guideOf(
  subject: Pick<Subject, 'config' | 'model' | 'site' | 'roles' | 'normalisation'>,
  trigger: OpenTrigger | null,
  { signal }: Pick<PassOptions, 'signal'>,
  onProgress: (done: number) => void = () => undefined,
): Promise<GuidedOrder | null> {
  // Nothing was found to estimate: the run then measures, changes nothing, and says so.
  if (!trigger) return null;
  const { curve, seed, gates } = subject.config;
  const draw: Draw = (n, count) => drawn(allIndices(n), count, seed, 'curve');
  return guidedOrder({ ...raisedSetting(subject, trigger, signal), curve, draw, gates, onProgress });
}

interface CurveInputs {
  test: InputSource;
  onTest: Measured;
  triggered: MeasuredInputs | null;
  onTriggered: Measured | null;
  holdout: InputSource | null;
  onHoldout: Measured | null;
}

export async function pruningCurve(
  { config, site }: Subject,
  order: Int32Array,
  sets: CurveInputs,
  pass: PassOptions,
): Promise<{ curve: PruningCurve; limit: PruningCurve['largestWithinLimit'] }> {
  const draw: Draw = (n, count) =>
    drawn(
      Int32Array.from({ length: n }, (_, i) => i),
      count,
      config.seed,
      'curve',
    );
  const budgets = curveBudgets(config.curve, sets.triggered !== null);
  // The points of both have to be the same: all of them from kept activations, or fewer where either was too large to keep.
  const kept = sets.onTest.activations !== null && (sets.onTriggered === null || sets.onTriggered.activations !== null);
  const clean = await curveHits(
    { source: sets.test, measured: kept ? sets.onTest : null, wanted: 'labels' },
    site,
    order,
    draw,
    budgets.clean,
    pass,
  );
  const success: CurveHits | null =
    sets.triggered &&
    (await curveHits(
      { source: sets.triggered, measured: kept ? sets.onTriggered : null, wanted: sets.triggered.target },
      site,
      order,
      draw,
      budgets.triggered,
      pass,
    ));
  const heldOut =
    sets.holdout &&
    (await curveHits(
      { source: sets.holdout, measured: sets.onHoldout, wanted: 'labels' },
      site,
      order,
      draw,
      budgets.holdout,
      pass,
    ));
  const limit = heldOut && largestWithinLimit(heldOut, config.gates.maxAccuracyDrop);
  const points: CurvePoint[] = clean.points.map((pruned, at) => ({
    pruned,
    correct: clean.hits[at]!,
    successful: success && success.hits[at]!,
  }));
  const subset = clean.inputs < sets.test.count || (success !== null && success.inputs < sets.triggered!.count);
  return {
    curve: {
      points,
      images: clean.inputs,
      triggeredImages: success && success.inputs,
      subset,
      largestWithinLimit: limit,
    },
    limit,
  };
}

export function layerAnalysis(site: UnitSite, clean: Measured, triggered: Measured | null): LayerAnalysis {
  const mean = clean.statistics.mean();
  const meanAbs = clean.statistics.meanAbs();
  const triggeredMean = triggered?.statistics.mean();
  return {
    name: site.layer,
    kind: site.kind,
    activation: site.activation,
    chosen: site.chosen,
    units: site.units,
    images: clean.statistics.images,
    dead: clean.statistics.dead(),
    activations: Array.from(mean, (m, u) => ({
      cleanMean: roundFigure(m),
      cleanMeanAbs: roundFigure(meanAbs[u]!),
      cleanFires: roundShare(clean.statistics.fires[u]! / clean.statistics.images),
      perClass: clean.statistics.classes > MOST_FULL_CLASSES ? [] : clean.statistics.perClass(u).map(roundFigure),
      triggeredMean: triggeredMean ? roundFigure(triggeredMean[u]!) : null,
      triggeredFires: triggered ? roundShare(triggered.statistics.fires[u]! / triggered.statistics.images) : null,
    })),
  };
}

export function pruningResult(
  { rule, ratio }: Pick<ResolvedConfig['prune'], 'rule' | 'ratio'>,
  pruned: Int32Array,
  layer: LayerAnalysis,
): PruningResult {
  const dead = new Set(layer.dead);
  const raised = layer.activations.some((a) => a.triggeredMean === null)
    ? null
    : new Set(
        mostRaised(
          layer.activations.map((a) => a.cleanMean),
          layer.activations.map((a) => a.triggeredMean!),
          pruned.length,
        ),
      );
  return {
    rule,
    ratio,
    count: pruned.length,
    units: [...pruned],
    dead: pruned.reduce((n, u) => n + (dead.has(u) ? 1 : 0), 0),
    amongTriggerRaised: raised && pruned.reduce((n, u) => n + (raised.has(u) ? 1 : 0), 0),
  };
}

export function sameView(a: View, b: View): boolean {
  return a.split === b.split && a.indices.length === b.indices.length && a.indices.every((v, i) => v === b.indices[i]);
}

export function changes(a: Int32Array, b: Int32Array): number {
  return a.reduce((n, v, i) => n + (v === b[i] ? 0 : 1), 0);
}
