import path from 'node:path';
import type { EngineEvent } from '../../protocol/messages/engine';
import { badInput, cancelled, FinePruneError } from '../../protocol/errors';
import type { ScanOutcome, ScanReport, ScanRequest } from '../../protocol/report/scan';
import { selectBackend } from '../backend/select';
import { checkDataFitsModel } from '../data/open-data';
import { openIdx } from '../data/formats/idx/open-idx';
import type { Split } from '../data/dataset';
import { allIndices, trainingRoles } from '../data/roles';
import { confinedPath } from '../files/confine';
import { checkPlace, writeFileAtomically } from '../files/write';
import { cachedScan } from '../detect/scan-cache';
import { reportedScan } from '../detect/scan';
import { scanImagesOf, splitForScan, type ScanImages } from '../detect/scan-images';
import { openModel } from '../model/formats/tfjs-layers/open';
import { Progress } from '../process/progress';
import type { PassOptions } from '../pass/inputs';
import type { OpenModel } from '../model/model';
import { serialise } from '../report/json/serialise';
import { TOOL } from '../process/version';
import { SCAN_FILE } from '../../protocol/files';
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
  const file = request.out && path.join(request.out.folder, SCAN_FILE.named(request.out.name));
  if (file) await checkPlace(file);
  const { scale = BYTE_SCALE, mean = [0], std = [1], seed } = request;
  progress.begin('engine', 1);
  const backend = await selectBackend({
    choice: request.backend,
    threads: request.threads,
    ...(request.nativeBinding && { configuredPath: request.nativeBinding }),
  });
  emit({ type: 'backend', name: backend.name, why: backend.why, version: backend.version });

  progress.begin('model', 1);
  const allowed = {
    root: request.allowedFolders[0] ?? path.dirname(request.model),
    folders: request.allowedFolders.slice(1),
  };
  const resolve = (file: string, what: string): Promise<string> =>
    confinedPath(path.dirname(request.model), file, allowed, what);
  const model = await openModel(await resolve(request.model, 'model'));
  try {
    progress.begin('data', 1);
    const images = await resolve(request.clean.images, 'clean images');
    const labels = await resolve(request.clean.labels, 'clean labels');
    const split = await openIdx(images, labels, scale, 'clean');
    checkDataFitsModel({ shape: split.shape, train: split, test: split }, model);
    for (const [key, list] of [
      ['mean', mean],
      ['std', std],
    ] as const) {
      if (list.length === 1 || list.length === split.shape[2]) continue;
      throw badInput(
        'data.normalisation',
        `${key} has ${list.length} values, but the images have ${plural(split.shape[2], 'channel')}.`,
        { todo: split.shape[2] === 1 ? 'Give one number.' : `Give one number, or ${split.shape[2]}.` },
      );
    }
    if (signal.aborted) throw cancelled();

    const chosen = imagesOf(request, split);
    const target = request.config?.target ?? null;
    const pass: PassOptions = { model, normalisation: { mean, std }, signal };
    const targets = targetsOf(request, model);
    progress.begin('scan', 1000);
    const { scan, cached } = await cachedScan(
      {
        ...pass,
        ...chosen,
        scale,
        seed,
        ...(targets && { targets }),
        wanted: target !== null && (targets?.includes(target) ?? target < model.classes) ? [target] : [],
        onProgress: (done) => progress.step(1000 * done),
        onPlan: (plan) => emit({ type: 'plan', ...plan }),
        onClean: ({ advice }) => advice && emit({ type: 'log', level: 'warn', message: advice.sentence }),
        onClass: (target, norm, share) => emit({ type: 'class', target, norm, share }),
      },
      backend,
      request.useCache,
    );
    progress.begin('write', 1);
    const folder = request.out?.folder ?? path.dirname(request.model);
    const relative = (file: string): string => path.relative(folder, file).split(path.sep).join('/');
    const report: ScanReport = {
      schemaVersion: 1,
      scan: reportedScan(scan),
      model: { path: relative(request.model), ...model.hashes, classes: model.classes, shape: [...model.inputShape] },
      data: {
        format: 'idx',
        clean: { images: relative(request.clean.images), labels: relative(request.clean.labels) },
        scale,
        mean: [...mean],
        std: [...std],
        files: [
          { path: relative(request.clean.images), sha256: split.hashes.images },
          { path: relative(request.clean.labels), sha256: split.hashes.labels },
        ],
      },
      provenance: {
        tool: TOOL,
        backend: backend.name,
        engine: backend.version,
        threads: backend.threads,
        oneDnn: backend.oneDnn,
        cpuFeatures: backend.cpuFeatures,
      },
    };
    if (file) await writeFileAtomically(file, serialise(report));
    progress.end();
    return {
      report,
      file,
      cached,
      backend: { name: backend.name, why: backend.why, version: backend.version },
      timings: { totalMs: progress.totalMs(), peakBytes: process.resourceUsage().maxRSS * 1024 },
    };
  } finally {
    model.dispose();
  }
}

/** As a run of the config would take them, where it could; else of all there are. */
function imagesOf({ config, seed }: ScanRequest, split: Split): ScanImages {
  const all = { split, indices: allIndices(split.count) };
  if (!config) return splitForScan(all, seed);
  try {
    return scanImagesOf(trainingRoles(split, config, seed), seed);
  } catch (error) {
    // Too few of a role for a run's scan, and still enough for one alone.
    if (error instanceof FinePruneError && error.code === 'scan.tooFewImages') return splitForScan(all, seed);
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
        ? 'No class is named to be searched.'
        : `The model has ${model.classes} classes, 0 to ${model.classes - 1}; class ${wrong} is none of them.`,
      {
        file: model.path,
        todo: 'Name classes of the model, or none: then all are searched.',
      },
    );
  }
  const targets = [...new Set(classes)].sort((a, b) => a - b);
  return targets.length < model.classes ? targets : undefined;
}
