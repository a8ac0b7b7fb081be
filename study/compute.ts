import { SCAN } from '../server/engine/detect/neural-cleanse/settings';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { openTrigger } from '../server/engine/triggers/open-trigger';
import { poisonTrain } from '../server/engine/tasks/poison-train';
import { triggeredInputs } from '../server/engine/triggers/triggered-inputs';
import { resolveTrigger } from '../server/engine/config/resolve-config';
import { openSource } from '../server/engine/data/open-data';
import { allIndices } from '../server/engine/data/roles';
import { sourceOf } from '../server/engine/pass/inputs';
import { predict } from '../server/engine/pass/measure';
import { writeFileAtomically } from '../server/engine/files/write';
import { stageMetrics } from '../server/engine/metrics/evaluate';
import { roundFigure, roundShare } from '../server/engine/metrics/rate';
import { openModel } from '../server/engine/model/formats/registry';
import { serialise } from '../server/engine/report/json/serialise';
import { runDefense } from '../server/engine/tasks/run';
import { runScan } from '../server/engine/tasks/scan';
import type { KnownTriggerConfig } from '../server/protocol/config/config';
import {
  sourceFiles,
  withoutFormat,
  withPaths,
  type DataSource,
  type SplitFiles,
} from '../server/protocol/data-source';
import type { DefenseReport } from '../server/protocol/report/report';
import { suspectedClasses, inversions, neuralCleanse, type ScanResult } from '../server/protocol/report/scan';
import { basisOf, cellName, defenseSettings, modelBasis, modelName, type Cell, type Model } from './cells';
import { cleanData, type DataFiles } from './data';
import type { CellResult, Figures, RepairFigures, ScanFigures } from './result';
import { attackSettings } from './settings';
import { CONFIG_FILE, MODEL_FILE } from '../server/protocol/files';

/** Where a computation works. */
export interface Place {
  /** Absolute folder, outside of git, for models, cut data and runs. */
  out: string;
  files: DataFiles;
  backend: 'auto' | 'native' | 'wasm';
}

/** What is kept beside an attacked model. */
interface MadeModel {
  basis: string;
  figures: Figures;
  weights: string;
}

const silent = (): void => undefined;

function modelFolder(model: Model, { out }: Place): string {
  return path.join(out, 'models', modelName(model));
}

/** The model of these settings as it was made before; null when there is none. */
export async function madeModel(model: Model, place: Place): Promise<MadeModel | null> {
  try {
    const made = JSON.parse(await readFile(path.join(modelFolder(model, place), 'study.json'), 'utf8')) as MadeModel;
    return made.basis === modelBasis(model) ? made : null;
  } catch {
    return null;
  }
}

/** Trains an attacked model, measures it, and keeps both for the cells that rest on it. */
export async function makeModel(model: Model, place: Place, signal: AbortSignal): Promise<void> {
  const folder = modelFolder(model, place);
  // What an earlier training left must not pass for this one's.
  await rm(path.join(folder, 'study.json'), { force: true });
  const { trigger, noiseRate, pruningAware, ...training } = attackSettings(model.attack, model.seed);
  const outcome = await poisonTrain(
    {
      ...training,
      ...place.files,
      trigger,
      out: folder,
      name: modelName(model),
      seed: model.seed,
      backend: place.backend,
      threads: 1,
      ...(noiseRate > 0 && { noiseRate }),
      ...(pruningAware !== null && { pruningAware }),
    },
    silent,
    signal,
  );
  const { figures, weights } = await trueFigures(outcome.files.model, place.files.test, trigger, signal);
  const made: MadeModel = { basis: modelBasis(model), figures, weights };
  await writeFileAtomically(path.join(folder, 'study.json'), serialise(made));
}

/**
 * Counts of a model on the test set, with the trigger that it was really attacked with. The engine must have been chosen already.
 */
export async function trueFigures(
  modelPath: string,
  test: DataSource,
  triggerConfig: KnownTriggerConfig,
  signal: AbortSignal,
): Promise<{ figures: Figures; weights: string }> {
  const split = await openSource(test, { scale: 1 / 255, name: 'test' });
  const model = await openModel(modelPath);
  try {
    const trigger = await openTrigger(resolveTrigger(triggerConfig), split.shape, model.classes, async (file) => file, {
      format: test.format,
      scale: 1 / 255,
    });
    const view = { split, indices: allIndices(split.count) };
    const [clean, triggered] = [sourceOf(view), triggeredInputs(trigger, view)];
    const pass = { model, normalisation: { mean: [0], std: [1] }, signal };
    const metrics = stageMetrics(
      { clean: await predict(clean, pass), triggered: await predict(triggered, pass) },
      {
        classes: model.classes,
        clean: clean.labels,
        triggered: { labels: triggered.labels, target: triggered.target },
      },
    );
    const figures: Figures = {
      correct: metrics.cleanAccuracy.hits,
      of: metrics.cleanAccuracy.of,
      successful: metrics.attackSuccessRate!.hits,
      robust: metrics.robustAccuracy!.hits,
      ofTriggered: metrics.attackSuccessRate!.of,
    };
    return { figures, weights: model.hashes.weights };
  } finally {
    model.dispose();
  }
}

/** One cell, whose model has been made. */
export async function computeCell(cell: Cell, place: Place, signal: AbortSignal): Promise<CellResult> {
  const made = await madeModel(cell, place);
  if (!made) throw new Error(`the model of ${cellName(cell)} has not been made`);
  const clean = await cleanData(cell, place.files, path.join(place.out, 'data'));
  const started = process.cpuUsage();
  const { engine, ...computed } =
    cell.task === 'scan'
      ? await scanned(cell, place, clean, signal)
      : await repaired(cell, place, clean, made.figures, signal);
  const { user, system } = process.cpuUsage(started);
  const seconds = Math.round((user + system) / 1e6);
  return {
    cell: { ...cell },
    basis: basisOf(cell),
    seconds,
    engine: { backend: engine.name, version: engine.version },
    weights: made.weights,
    ...computed,
  };
}

/** Folders that engine calls may read: the study's own, and those of the data. */
function folders({ out, files }: Place): [string, ...string[]] {
  return [out, path.dirname(sourceFiles(files.train)[0]!.path)];
}

async function scanned(
  cell: Cell,
  place: Place,
  clean: DataSource,
  signal: AbortSignal,
): Promise<{ engine: { name: 'native' | 'wasm'; version: string }; scan: ScanFigures }> {
  const model = path.join(modelFolder(cell, place), MODEL_FILE);
  const { report, backend } = await runScan(
    // Not from the cache: its seconds are part of the result.
    {
      model,
      clean,
      out: null,
      allowedFolders: folders(place),
      seed: cell.seed,
      backend: place.backend,
      threads: 1,
      useCache: false,
    },
    silent,
    signal,
  );
  return { engine: backend, scan: scanFigures(report.scan) };
}

export function scanFigures(scan: ScanResult): ScanFigures {
  return {
    word: scan.word,
    flagged: suspectedClasses(scan),
    limits: neuralCleanse(scan)?.limits ?? SCAN.limits,
    classes: inversions(scan).map(({ share, anomalyIndex }) => ({
      share: roundShare(share),
      index: roundFigure(anomalyIndex),
    })),
  };
}

async function repaired(
  cell: Cell,
  place: Place,
  clean: DataSource,
  before: Figures,
  signal: AbortSignal,
): Promise<{ engine: { name: 'native' | 'wasm'; version: string }; repair: RepairFigures }> {
  const folder = path.join(place.out, 'runs', cellName(cell));
  const config = path.join(folder, CONFIG_FILE.named(cellName(cell)));
  const { data, ...settings } = defenseSettings(cell);
  const relative = (file: string): string => path.relative(folder, file).split(path.sep).join('/');
  const files = (source: DataSource): SplitFiles => withoutFormat(withPaths(source, relative));
  await writeFileAtomically(
    config,
    serialise({
      ...settings,
      model: relative(path.join(modelFolder(cell, place), MODEL_FILE)),
      data: { ...data, format: clean.format, train: files(clean), test: files(place.files.test) },
      backend: place.backend,
    }),
  );
  const [root, ...allowedFolders] = folders(place);
  const outcome = await runDefense({ config, root, allowedFolders }, silent, signal);
  const { trigger } = attackSettings(cell.attack, cell.seed);
  const after = outcome.files.model
    ? (await trueFigures(outcome.files.model, place.files.test, trigger, signal)).figures
    : before;
  // Two megabytes a cell that nothing reads again; the report stays.
  if (outcome.files.model) await rm(path.dirname(outcome.files.model), { recursive: true, force: true });
  return { engine: outcome.backend, repair: { before, after, ...repairFigures(outcome.report) } };
}

export function repairFigures(report: DefenseReport): Omit<RepairFigures, 'before' | 'after'> {
  return {
    repaired: report.repaired,
    verdict: report.verdict.word,
    sentence: report.verdict.sentence,
    attempts: (report.attempts ?? []).map(({ strategy, rounds, units, met, chosen }) => ({
      strategy,
      rounds: rounds.length,
      pruned: units.length,
      met,
      chosen,
    })),
    flagged: report.scan ? suspectedClasses(report.scan) : null,
    proof: report.proof ? suspectedClasses(report.proof.scan) : null,
  };
}
