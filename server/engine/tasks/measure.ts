import type { EngineEvent, MeasureOutcome, MeasureRequest, Silence } from '../../protocol/messages/engine';
import { cancelled } from '../../protocol/errors';
import { recordedHoldout } from '../../protocol/config/holdout';
import type { Stage } from '../../protocol/report/confusion';
import type { PruneRule, ResolvedConfig } from '../../protocol/config/config';
import { checkTarget, openTrigger, type OpenTrigger } from '../triggers/open-trigger';
import { triggeredInputs } from '../triggers/triggered-inputs';
import { readConfig, type OpenConfig } from '../config/read-config';
import { checkDataFitsModel } from '../data/checks';
import { openData } from '../data/open-data';
import { splitRoles } from '../data/roles';
import { analyse } from '../defense/analysis';
import type { Subject } from '../pass/subject';
import { guideOf } from '../pruning/guide';
import { layerAnalysis } from '../pruning/layer-analysis';
import { pruningCurve } from '../pruning/pruning-curve';
import { sourceOf, type InputSource, type PassOptions } from '../pass/inputs';
import { pruneOrder } from '../pass/ranking';
import { predictMasked, weightedUnits } from '../pruning/silence';
import { comparisonOf, measureStage, predictStage, stageImages, truthOf } from '../defense/stage';
import { stageMetrics, type Predictions, type Truth } from '../metrics/evaluate';
import { estimatedTrigger } from '../triggers/estimate';
import { frozenLayers } from '../model/frozen';
import { applyMasks, masksFor } from '../model/masks';
import type { OpenModel } from '../model/model';
import { openModel } from '../model/formats/registry';
import { configuredSite, findUnitSite } from '../model/units';
import { Progress } from '../process/progress';
import { beginEngine, shownBackend } from './begin';
import { openSearches } from './searches';

/** Everything that a pass needs, opened once. */
interface Setting {
  subject: Subject;
  test: InputSource;
  truth: Truth;
  progress: Progress;
  signal: AbortSignal;
  emit(event: EngineEvent): void;
}

/**
 * Makes the figures of a report again from the models that were committed with it: the input model as it is, the same with the
 * named units zeroed, and the defended model. Nothing is trained and nothing is written.
 * @throws FinePruneError: `input` with file and place, `engine` when no backend works, `cancelled` within one batch
 */
export async function measureAgain(
  request: MeasureRequest,
  emit: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<MeasureOutcome> {
  const opened = await readConfig(request.config, {
    allowedFolders: request.allowedFolders,
    ...(request.root && { root: request.root }),
  });
  try {
    return await measureOpened(opened, request, emit, signal);
  } catch (error) {
    throw opened.placed(error);
  }
}

async function measureOpened(
  opened: OpenConfig,
  request: MeasureRequest,
  emit: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<MeasureOutcome> {
  const progress = new Progress(emit);
  const config = configOf(opened, request);
  const { backend: choice = 'auto' } = request.overrides ?? {};
  const backend = await beginEngine({ ...request, ...config, choice }, progress, emit);

  progress.begin('model', 1);
  const model = await openModel(opened.modelPath);
  const defended = request.defended === null ? null : await openModel(request.defended).catch(disposing(model));
  try {
    const { subject, trigger, reported, known } = await openSubject(config, model, defended, opened, request, progress);
    if (signal.aborted) throw cancelled();
    const { roles, triggered } = subject;
    const test = sourceOf(roles.test);
    const truth = truthOf(model.classes, { test, triggered });
    const evaluated = stageImages({ test, triggered });
    progress.expect({
      'evaluate-before': evaluated,
      analyse: roles.holdout.indices.length,
      curve: evaluated * 0.2,
      'evaluate-pruned': evaluated,
      'evaluate-after': evaluated,
    });
    const setting: Setting = { subject, test, truth, progress, signal, emit };

    const searches = await openSearches({ ...setting, known, asked: request.searches, backend });
    const input = await measureInput(setting, request.rule ?? config.prune.rule, config.strategy ? reported : trigger);
    const pruned = defended && (await measurePruned(setting, request));
    const after = defended && (await measureDefended(setting, defended, request));
    const searched = await searches(defended);
    progress.end();
    return {
      stages: { before: input.stage, pruned, after: after && after.stage },
      comparison: after && comparisonOf(input.predictions, after.predictions, truth),
      layer: input.layer,
      curve: input.curve,
      silence: after && after.silence,
      searches: searched,
      hashes: { before: model.hashes, after: defended && defended.hashes },
      backend: shownBackend(backend),
    };
  } finally {
    defended?.dispose();
    model.dispose();
  }
}

/** The config with the settings that the report was made with. */
function configOf({ config }: OpenConfig, { overrides = {} }: MeasureRequest): ResolvedConfig {
  // Whatever it was made on, it is measured on the engine that is asked for.
  const { strategy, holdout, fineTuneImages, ...others } = { ...overrides, backend: config.backend };
  return {
    ...config,
    ...others,
    data: {
      ...config.data,
      ...(holdout !== undefined && recordedHoldout(holdout)),
      ...(fineTuneImages !== undefined && { fineTuneImages }),
    },
    ...(strategy && { strategy: strategy === 'fine-pruning' ? undefined : strategy }),
  };
}

/** @returns `reported` is the estimated trigger of the report, `trigger` the one that the figures are on, `known` where the config describes it */
async function openSubject(
  config: ResolvedConfig,
  model: OpenModel,
  defended: OpenModel | null,
  { resolve }: OpenConfig,
  { estimated, layer }: MeasureRequest,
  progress: Progress,
): Promise<{ subject: Subject; trigger: OpenTrigger | null; reported: OpenTrigger | null; known: boolean }> {
  progress.begin('data', 1);
  const dataset = await openData(config, resolve);
  checkDataFitsModel(dataset, model);
  if (defended) checkDataFitsModel(dataset, defended);
  const roles = splitRoles(config, dataset);
  const described = config.trigger?.kind === 'inverted' ? null : config.trigger;
  if (estimated) checkTarget(estimated.target, model.classes);
  const reported = estimated ? estimatedTrigger(estimated.target, estimated.trigger, model.inputShape) : null;
  const trigger = described
    ? await openTrigger(described, dataset.shape, model.classes, resolve, config.data)
    : reported;
  // A strategy chooses its layer by itself.
  const own = configuredSite(model.graph, config, config.layer === null ? model.path : undefined);
  const isOther = config.strategy !== undefined && layer && layer !== own.layer;
  const subject: Subject = {
    config,
    model,
    site: isOther ? findUnitSite(model.graph, layer, model.path) : own,
    roles,
    triggered: trigger && triggeredInputs(trigger, roles.test),
    normalisation: config.data,
    frozen: frozenLayers(model.graph),
  };
  return { subject, trigger, reported, known: described !== null };
}

/** The input model: predictions, activations of its layer, and the curve. `guide` is the trigger that `triggered-difference` orders by. */
async function measureInput(
  { subject, test, truth, progress, signal, emit }: Setting,
  rule: PruneRule,
  guide: OpenTrigger | null,
) {
  const { config, model, site, roles, triggered, normalisation } = subject;
  const pass: PassOptions = { model, normalisation, signal };
  const inputs = { test, triggered };
  progress.begin('evaluate-before', stageImages(inputs));
  const { onTest, onTriggered, predictions } = await measureStage(inputs, site, {
    ...pass,
    onImages: (n) => progress.step(n),
  });
  const stage = told('before', predictions, truth, emit, triggered);

  progress.begin('analyse', roles.holdout.indices.length);
  const { analysed, holdout, onHoldout } = await analyse(subject, site, onTest, pass, (n) => progress.step(n));
  const guided = rule === 'triggered-difference' ? await guideOf(subject, guide, pass) : null;
  // Strategies choose on held-out images.
  const { statistics } = config.strategy && onHoldout ? onHoldout : analysed;
  const order = guided?.order ?? pruneOrder(rule === 'clean-mean-abs' ? statistics.meanAbs() : statistics.mean());

  progress.begin('curve', 1);
  const { curve: plain } = await pruningCurve(
    subject,
    order,
    { test, onTest, triggered, onTriggered, holdout, onHoldout },
    pass,
  );
  const curve = guided && !config.strategy ? { ...plain, smallestWithinGate: guided.smallest } : plain;
  return { stage, predictions, layer: layerAnalysis(site, analysed, onTriggered), curve };
}

/** The input model with the named units zeroed. Its variables are changed. */
async function measurePruned(
  { subject, test, truth, progress, signal, emit }: Setting,
  { layer, units }: MeasureRequest,
): Promise<Stage> {
  const { model, triggered, normalisation } = subject;
  const site = findUnitSite(model.graph, layer, model.path);
  const masks = masksFor(model.graph, site, within(units, site.units));
  applyMasks(model.network, masks);
  progress.begin('evaluate-pruned', stageImages({ test, triggered }));
  const predictions = await predictStage(
    { test, triggered },
    { model, normalisation, signal, onImages: (n) => progress.step(n) },
  );
  return told('pruned', predictions, truth, emit, triggered);
}

async function measureDefended(
  { subject, test, truth, progress, signal, emit }: Setting,
  model: OpenModel,
  { layer, units }: MeasureRequest,
) {
  const { triggered, normalisation } = subject;
  const site = findUnitSite(model.graph, layer, model.path);
  const named = within(units, site.units);
  const inputs = stageImages({ test, triggered });
  progress.begin('evaluate-after', inputs);
  let changed = 0;
  const predictions = await predictStage(
    { test, triggered },
    { model, normalisation, signal, onImages: (n) => progress.step(n) },
    async (source, pass) => {
      const masked = await predictMasked(source, site, named, pass);
      changed += masked.changed;
      return masked.predicted;
    },
  );
  const silence: Silence = { weighted: weightedUnits(model, site, named), changed, inputs };
  return { stage: told('after', predictions, truth, emit, triggered), predictions, silence };
}

function told(
  stage: 'before' | 'pruned' | 'after',
  predictions: Predictions,
  truth: Truth,
  emit: (event: EngineEvent) => void,
  triggered: Subject['triggered'],
): Stage {
  const metrics = stageMetrics(predictions, truth);
  emit({ type: 'stage', stage, metrics, ...(triggered?.kind === 'inverted' && { estimated: true }) });
  return metrics;
}

/** A report may name units that the layer does not have: what it says of them is then wrong, and found to be so. */
function within(units: readonly number[], count: number): number[] {
  return [...new Set(units.filter((u) => Number.isInteger(u) && u >= 0 && u < count))];
}

function disposing(model: OpenModel): (error: unknown) => never {
  return (error) => {
    model.dispose();
    throw error;
  };
}
