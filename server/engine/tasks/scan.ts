import path from 'node:path';
import type { EngineEvent } from '../../protocol/messages/engine';
import { withoutFormat, withPaths } from '../../protocol/data-source';
import { badInput, cancelled, FinePruneError } from '../../protocol/errors';
import type { ScanOutcome, ScanReport, ScanRequest, ScanResult } from '../../protocol/report/scan';
import type { BackendInfo } from '../backend/select';
import type { Resolve } from '../config/at-place';
import { checkDataFitsModel } from '../data/checks';
import { openSource, type SourceSplit } from '../data/open-data';
import type { Split } from '../data/dataset';
import { allIndices, trainingRoles } from '../data/roles';
import { confinedPath } from '../files/confine';
import { checkParts, writeTogether } from '../files/output/together';
import type { CheckedSubject } from '../detect/clean-check';
import { cachedScan } from '../detect/scan-cache';
import { reportedScan } from '../detect/reported';
import { scanImagesOf, splitForScan, type ScanImages } from '../detect/scan-images';
import { openModel } from '../model/formats/registry';
import { Progress } from '../process/progress';
import type { OpenModel } from '../model/model';
import { provenanceOf } from '../report/json/provenance';
import { serialiseScan } from '../report/json/serialise';
import { beginEngine, shownBackend } from './begin';
import { scanBase, SCAN_FILE } from '../../protocol/files';
import { plural } from '../../protocol/words';

/** The bytes of MNIST's own format to [0, 1], as the defense config has it by default. */
const BYTE_SCALE = 1 / 255;

/**
 * Scans a model for triggers, from clean images alone, and writes `<name>.scan.json`. Neither model nor data are changed.
 * @throws FinePruneError: `input` with file and place, `engine` when no backend works, `cancelled` within one step
 */
export async function runScan(
  request: ScanRequest,
  emit: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<ScanOutcome> {
  const progress = new Progress(emit, { scan: 1 });
  const allowed = {
    root: request.allowedFolders[0] ?? path.dirname(request.model),
    folders: request.allowedFolders.slice(1),
  };
  const place = request.out && { folder: path.resolve(request.out.folder), name: scanBase(request.out.name), allowed };
  const to = request.out && SCAN_FILE.named(request.out.name);
  const file = place && path.join(place.folder, to!);
  if (place) await checkParts(place, [{ to: to! }]);
  const backend = await beginEngine({ ...request, choice: request.backend }, progress, emit);

  progress.begin('model', 1);
  const resolve: Resolve = (file, what = 'files') => confinedPath(path.dirname(request.model), file, allowed, what);
  const model = await openModel(await resolve(request.model, 'model'));
  try {
    progress.begin('data', 1);
    const split = await openClean(request, model, resolve);
    if (signal.aborted) throw cancelled();
    progress.begin('scan', 1000);
    const subject = { ...subjectOf(request, model, split, signal), ...scanEvents(progress, emit) };
    const { scan, cached } = await cachedScan(subject, backend, request.useCache);
    progress.begin('write', 1);
    const report = scanReport(request, model, split, scan, backend);
    if (place) await writeTogether(place, [{ to: to!, content: serialiseScan(report) }], signal);
    progress.end();
    return {
      report,
      file,
      cached,
      backend: shownBackend(backend),
      timings: { totalMs: progress.totalMs(), peakBytes: process.resourceUsage().maxRSS * 1024 },
    };
  } finally {
    model.dispose();
  }
}

/** What a scan says while it runs. */
export function scanEvents(
  progress: Progress,
  emit: (event: EngineEvent) => void,
): Required<Pick<CheckedSubject, 'onProgress' | 'onPlan' | 'onClean' | 'onClass'>> {
  return {
    onProgress: (done) => progress.step(1000 * done),
    onPlan: (plan) => emit({ type: 'plan', ...plan }),
    onClean: ({ advice }) => advice && emit({ type: 'log', level: 'warn', message: advice.sentence }),
    onClass: (target, norm, share) => emit({ type: 'class', target, norm, share }),
  };
}

function subjectOf(request: ScanRequest, model: OpenModel, split: Split, signal: AbortSignal): CheckedSubject {
  const { scale, mean, std } = normalisationOf(request);
  const target = request.config?.target ?? null;
  const targets = targetsOf(request, model);
  const isWanted = target !== null && (targets?.includes(target) ?? target < model.classes);
  return {
    ...imagesOf(request, split),
    model,
    normalisation: { mean, std },
    signal,
    scale,
    seed: request.seed,
    ...(targets && { targets }),
    wanted: isWanted ? [target] : [],
  };
}

function normalisationOf({ scale = BYTE_SCALE, mean = [0], std = [1] }: ScanRequest) {
  return { scale, mean, std };
}

/** @throws FinePruneError `data.…`, with file or place */
async function openClean(request: ScanRequest, model: OpenModel, resolve: Resolve): Promise<SourceSplit> {
  const { scale, mean, std } = normalisationOf(request);
  const { format } = request.clean;
  const split = await openSource(request.clean, { scale, name: 'clean' }, { resolve });
  checkDataFitsModel({ format, shape: split.shape, train: split, test: split }, model);
  const channels = split.shape[2];
  for (const [key, list] of Object.entries({ mean, std })) {
    if (list.length === 1 || list.length === channels) continue;
    throw badInput(
      'data.normalisation',
      `${key} has ${list.length} values, but the images have ${plural(channels, 'channel')}.`,
      { todo: channels === 1 ? 'Give one number.' : `Give one number, or ${channels}.` },
    );
  }
  return split;
}

/** The result of a scan as it is written, with paths relative to its folder. */
function scanReport(
  request: ScanRequest,
  model: OpenModel,
  split: SourceSplit,
  scan: ScanResult,
  backend: BackendInfo,
): ScanReport {
  const { scale, mean, std } = normalisationOf(request);
  const folder = request.out?.folder ?? path.dirname(request.model);
  const relative = (file: string): string => path.relative(folder, file).split(path.sep).join('/');
  const { format } = request.clean;
  return {
    schemaVersion: 2,
    scan: reportedScan(scan),
    model: { path: relative(request.model), ...model.hashes, classes: model.classes, shape: [...model.inputShape] },
    data: {
      format,
      clean: withoutFormat(withPaths(request.clean, relative)),
      scale,
      mean: [...mean],
      std: [...std],
      files: split.files.map(({ path: file, sha256 }) => ({ path: relative(file), sha256 })),
    },
    provenance: provenanceOf(backend),
  };
}

/** As a run of the config would take them, where it could; else of all there are. */
function imagesOf({ clean: { format }, config, seed }: ScanRequest, split: Split): ScanImages {
  const all = { split, indices: allIndices(split.count) };
  if (!config) return splitForScan(all, seed, format);
  try {
    return scanImagesOf(trainingRoles(split, config, seed), seed, format);
  } catch (error) {
    // Too few of a role for a run's scan, and still enough for one alone.
    if (error instanceof FinePruneError && error.code === 'scan.tooFewImages') return splitForScan(all, seed, format);
    throw error;
  }
}

/**
 * The classes to search, ascending; undefined for all.
 * @throws FinePruneError `scan.classes`
 */
function targetsOf({ classes }: ScanRequest, model: OpenModel): number[] | undefined {
  if (!classes) return undefined;
  const wrong = classes.find((target) => !Number.isInteger(target) || target < 0 || target >= model.classes);
  if (wrong !== undefined || classes.length === 0) {
    throw badInput(
      'scan.classes',
      wrong === undefined
        ? 'No class to search was given.'
        : `The model has ${model.classes} classes, 0 to ${model.classes - 1}; class ${wrong} is not one of them.`,
      {
        file: model.path,
        todo: 'Give classes of the model, or none to search them all.',
      },
    );
  }
  const targets = [...new Set(classes)].sort((a, b) => a - b);
  return targets.length < model.classes ? targets : undefined;
}
