import path from 'node:path';
import type { ResolvedConfig } from '../../protocol/config/config';
import type { EngineEvent, Phase, RunOutcome, RunRequest } from '../../protocol/messages/engine';
import { cancelled } from '../../protocol/errors';
import { recordedHoldout } from '../../protocol/config/holdout';
import { openTrigger, type OpenTrigger } from '../triggers/open-trigger';
import { triggeredInputs } from '../triggers/triggered-inputs';
import type { BackendInfo } from '../backend/select';
import { readConfig, type OpenConfig } from '../config/read-config';
import { checkDataFitsModel } from '../data/checks';
import { openData } from '../data/open-data';
import type { DataSet, Roles } from '../data/dataset';
import { splitRoles } from '../data/roles';
import { defend } from '../defense/defend';
import type { Subject } from '../pass/subject';
import type { Outcome } from '../defense/outcome';
import { provenFinePruning } from '../defense/proven-fine-pruning';
import type { OnStage } from '../defense/stages';
import { checkNamedUnits } from '../pruning/named-units';
import { checkStrategy, costOf } from '../repair/strategies';
import { canonicalJson, sha256 } from '../files/hash';
import { needsScan, scanOfConfig, type Scanned } from '../detect/config-scan';
import { openEstimated } from '../triggers/estimate';
import { scanPasses } from '../detect/scan';
import { frozenLayers } from '../model/frozen';
import { openModel } from '../model/formats/registry';
import type { OpenModel } from '../model/model';
import { configuredSite } from '../model/units';
import { Progress } from '../process/progress';
import { buildReport } from '../report/json/build-report';
import { overriddenBy } from '../report/check/staleness';
import { beginEngine, shownBackend } from './begin';
import { scanEvents } from './scan';
import { checkOutputs, leftOver, writeOutputs } from '../report/write-outputs';

/**
 * One run of the defense, from config to defended model and report. Nothing is written before everything is measured.
 * @throws FinePruneError: `input` with file and place, `engine` when no backend works, `cancelled` within one batch
 */
export async function runDefense(
  request: RunRequest,
  emit: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const opened = await readConfig(request.config, {
    allowedFolders: request.allowedFolders,
    ...(request.root && { root: request.root }),
  });
  try {
    return await runOpened(opened, request, emit, signal);
  } catch (error) {
    // What is wrong with a value is known deep inside; where that value is in the person's file is known here.
    throw opened.placed(error);
  }
}

async function runOpened(
  opened: OpenConfig,
  request: RunRequest,
  emit: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<RunOutcome> {
  const progress = new Progress(emit);
  const config = withOverrides(opened.config, request.overrides);
  const backend = await beginEngine({ ...request, ...config, choice: config.backend }, progress, emit);
  progress.begin('model', 1);
  // Its path is confined already, to the root and to the folders that were allowed beside it.
  const model = await openModel(opened.modelPath);
  const allowed = { root: request.root, folders: request.allowedFolders };
  const output = { model, name: opened.name, folder: path.resolve(request.out ?? opened.folder), allowed };
  try {
    await checkOutputs(output);
    const task: Task = { opened, config, model, backend, progress, emit, signal };
    const { subject, dataset, trigger, ...found } = await openSubject(task);
    const outcome = await repair(task, { subject, trigger, ...found });

    progress.begin('write', 1);
    const report = buildReport({
      subject,
      outcome,
      dataset: { ...dataset, files: [...dataset.files, ...(trigger?.files ?? [])] },
      backend,
      configHash: sha256(canonicalJson(opened.config)),
      overridden: overriddenBy(config, opened.config),
    });
    const files = await writeOutputs({ ...output, report }, signal);
    const earlier = await leftOver({ ...output, report });
    if (earlier) emit({ type: 'log', level: 'warn', message: leftOverWords(earlier) });
    progress.step(1);
    progress.end();
    return {
      report: files.written,
      files: { report: files.report, markdown: files.markdown, model: files.model },
      backend: shownBackend(backend),
      timings: {
        phases: progress.phases,
        totalMs: progress.totalMs(),
        peakBytes: process.resourceUsage().maxRSS * 1024,
      },
    };
  } finally {
    model.dispose();
  }
}

const leftOverWords = (earlier: string): string =>
  `Nothing was repaired, so no model was written; ${earlier} is from an earlier run and does not belong to this report.`;

/** What a run works with from its first phase to its last. */
interface Task {
  readonly opened: OpenConfig;
  /** With the settings of the command line. */
  readonly config: ResolvedConfig;
  readonly model: OpenModel;
  readonly backend: BackendInfo;
  readonly progress: Progress;
  readonly emit: (event: EngineEvent) => void;
  readonly signal: AbortSignal;
}

interface Opened {
  readonly subject: Subject;
  /** The trigger that the config describes; null where it is estimated or unknown. */
  readonly known: OpenTrigger | null;
  /** The known trigger, or the estimated one. */
  readonly trigger: OpenTrigger | null;
  /** The scan of the input model; null where the run needs none. */
  readonly scanned: Scanned | null;
}

/** Opens layer, data and trigger, which a scan of the input model may have to find. */
async function openSubject(task: Task): Promise<Opened & { dataset: DataSet }> {
  const { opened, config, model, progress, signal } = task;
  const site = configuredSite(model.graph, config, config.layer === null ? model.path : undefined);
  checkNamedUnits(config.prune, site);
  if (signal.aborted) throw cancelled();

  progress.begin('data', 1);
  const dataset = await openData(config, opened.resolve);
  checkDataFitsModel(dataset, model);
  const roles = splitRoles(config, dataset);
  checkStrategy(config, model, roles);
  const described = config.trigger?.kind === 'inverted' ? null : config.trigger;
  const known = described && (await openTrigger(described, dataset.shape, model.classes, opened.resolve, config.data));
  if (signal.aborted) throw cancelled();

  progress.expect(expectedWork(config, roles, model.classes));
  const scanned = await scanWhereNeeded(task, roles);
  const trigger = known ?? (scanned && openEstimated(scanned.scan, config.trigger, model.inputShape));
  const triggered = trigger && triggeredInputs(trigger, roles.test);
  const frozen = frozenLayers(model.graph);
  const subject: Subject = { config, model, site, roles, triggered, normalisation: config.data, frozen };
  return { subject, dataset, known, trigger, scanned };
}

/** By the config's strategy, or else the reference recipe. */
async function repair(
  { config, progress, emit, signal }: Task,
  { subject, known, trigger, scanned }: Opened,
): Promise<Outcome> {
  const estimated = trigger !== null && known === null;
  if (estimated) progress.metrics = { ...progress.metrics, estimated };
  const onStage: OnStage = (stage, metrics) => emit({ type: 'stage', stage, metrics, ...(estimated && { estimated }) });
  if (!config.strategy) return await provenFinePruning({ subject, known, trigger, scanned }, progress, signal, onStage);
  const defense = { subject, known, scan: scanned && scanned.scan, images: scanned && scanned.images };
  return await defend(defense, progress, signal, onStage, (strategy, number, of) =>
    emit({ type: 'attempt', strategy, number, of }),
  );
}

function withOverrides(config: ResolvedConfig, overrides: RunRequest['overrides']): ResolvedConfig {
  if (!overrides) return config;
  return {
    ...config,
    ...(overrides.backend && { backend: overrides.backend }),
    ...(overrides.curve && { curve: overrides.curve }),
    ...(overrides.strategy && { strategy: overrides.strategy === 'fine-pruning' ? undefined : overrides.strategy }),
    ...(overrides.seed !== undefined && { seed: overrides.seed }),
    ...(overrides.threads !== undefined && { threads: overrides.threads }),
    data: {
      ...config.data,
      ...(overrides.holdout !== undefined && recordedHoldout(overrides.holdout)),
      ...(overrides.fineTuneImages !== undefined && { fineTuneImages: overrides.fineTuneImages }),
    },
  };
}

/** The scan of the input model, for a trigger that is to be estimated and for repairs that are guided or proved by one. */
async function scanWhereNeeded(
  { config, model, backend, progress, emit, signal }: Task,
  roles: Roles,
): Promise<Scanned | null> {
  if (!needsScan(config)) return null;
  progress.begin('scan', 1000);
  return await scanOfConfig({ config, model, roles }, backend, { signal, ...scanEvents(progress, emit) });
}

/** Cost of each phase in image passes; a training step costs about three, and one of an inversion two. Repairs search triggers, too. */
function expectedWork(config: ResolvedConfig, roles: Roles, classes: number): Partial<Record<Phase, number>> {
  const evaluated = roles.test.indices.length * (config.trigger ? 2 : 1);
  const pass = roles.fineTune.indices.length * 3;
  const scanned = needsScan(config) ? scanPasses(classes) : 0;
  return {
    ...(scanned && { scan: scanned }),
    'evaluate-before': evaluated,
    analyse: roles.holdout.indices.length,
    curve: evaluated * 0.2,
    'evaluate-pruned': evaluated,
    'evaluate-after': evaluated,
    ...(config.strategy
      ? { repair: costOf(config.strategy) * (pass + scanned / 4), proof: scanned }
      : { 'fine-tune': pass * config.fineTune.epochs }),
  };
}
