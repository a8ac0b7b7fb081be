import { randomBytes } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DefenseReport } from '../../protocol/report';
import { outputFailure, writeFileAtomically } from '../files/write';
import type { OpenModel } from '../model/model';
import { weightsHash } from '../model/model-hashes';
import { checkSaveFolder, encodeWeights, saveModel } from '../model/save-tfjs';
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
 * Writes the defended model (unless nothing was repaired) and the report that names it. The report is on the disk, under a
 * temporary name, before the model takes its place: a full disk leaves neither, or both as they were.
 * @throws FinePruneError of kind `input`, code `output.*`
 */
export async function writeOutputs({ report, model, name, folder }: Place & { report: DefenseReport }): Promise<{ written: DefenseReport; report: string; model: string | null }> {
  const modelPath = report.repaired ? path.join(modelFolder(name, folder), 'model.json') : null;
  const after = modelPath === null ? null : { path: path.relative(folder, modelPath).split(path.sep).join('/'), topology: model.hashes.topology, weights: weightsHash(encodeWeights(model)) };
  const written = { ...report, model: { ...report.model, after } };
  const target = reportFile(name, folder);
  const staged = path.join(folder, `.${path.basename(target)}.${randomBytes(6).toString('hex')}`);
  try {
    await writeFileAtomically(staged, serialiseReport(written));
    if (modelPath) await saveModel(model, modelFolder(name, folder));
    await rename(staged, target).catch((error: unknown) => {
      throw outputFailure(error, target);
    });
  } finally {
    await rm(staged, { force: true });
  }
  return { written, report: target, model: modelPath };
}

/** Whether a defended model of an earlier run lies where this run wrote none: it does not belong to the new report. */
export async function leftOver({ report, name, folder }: { report: DefenseReport; name: string; folder: string }): Promise<string | null> {
  const earlier = modelFolder(name, folder);
  return !report.repaired && (await stat(earlier).catch(() => null)) ? earlier : null;
}
