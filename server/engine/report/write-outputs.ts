import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { DefenseReport } from '../../protocol/report';
import { outputFailure, writeFileAtomically } from '../files/write';
import type { OpenModel } from '../model/model';
import { checkSaveFolder, saveModel } from '../model/save-tfjs';
import { serialiseReport } from './serialise';

/** What is written for a model, by the config's base name and the output folder. */
interface Place {
  model: OpenModel;
  name: string;
  folder: string;
}

/**
 * Whether `writeOutputs` would find its places free, asked before the minutes of work that are to be saved there.
 * @throws FinePruneError of kind `input`, code `output.*`
 */
export async function checkOutputs({ model, name, folder }: Place): Promise<void> {
  await checkSaveFolder(model, modelFolder(name, folder));
  const report = reportFile(name, folder);
  if ((await stat(report).catch(() => null))?.isDirectory()) throw outputFailure(Object.assign(new Error(), { code: 'EISDIR' }), report);
}

const modelFolder = (name: string, folder: string): string => path.join(folder, `${name}.defended`);
const reportFile = (name: string, folder: string): string => path.join(folder, `${name}.defense.json`);

/**
 * Writes the defended model (unless nothing was repaired) and then the report that names it, each to a temporary name first.
 * @throws FinePruneError of kind `input`, code `output.*`
 */
export async function writeOutputs({ report, model, name, folder }: Place & { report: DefenseReport }): Promise<{ written: DefenseReport; report: string; model: string | null }> {
  let modelPath: string | null = null;
  let written = report;
  if (report.repaired) {
    const saved = await saveModel(model, modelFolder(name, folder));
    modelPath = saved.path;
    written = { ...report, model: { ...report.model, after: { path: path.relative(folder, saved.path).split(path.sep).join('/'), topology: saved.topology, weights: saved.weights } } };
  }
  const reportPath = reportFile(name, folder);
  await writeFileAtomically(reportPath, serialiseReport(written));
  return { written, report: reportPath, model: modelPath };
}
