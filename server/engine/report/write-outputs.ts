import { randomBytes } from 'node:crypto';
import { rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { DefenseReport } from '../../protocol/report/report';
import { outputFailure, writeFileAtomically } from '../files/write';
import type { OpenModel } from '../model/model';
import { storageOf } from '../model/formats/registry';
import { hashesNow } from '../model/identity';
import { markdownReport } from './markdown/markdown';
import { serialiseReport } from './json/serialise';
import { DEFENDED_ENDING, MARKDOWN_ENDING, REPORT_FILE } from '../../protocol/files';

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
  await (await storageOf(model)).checkSaveFolder(model, modelFolder(name, folder));
  for (const file of [reportFile(name, folder), markdownFile(name, folder)]) {
    if ((await stat(file).catch(() => null))?.isDirectory())
      throw outputFailure(Object.assign(new Error(), { code: 'EISDIR' }), file);
  }
}

const modelFolder = (name: string, folder: string): string => path.join(folder, `${name}${DEFENDED_ENDING}`);
const reportFile = (name: string, folder: string): string => path.join(folder, REPORT_FILE.named(name));
const markdownFile = (name: string, folder: string): string => path.join(folder, `${name}${MARKDOWN_ENDING}`);

/** What a run wrote. Paths are absolute; model null when nothing was repaired. */
export interface WrittenOutputs {
  /** The report as it was written, with the defended model's hashes. */
  written: DefenseReport;
  report: string;
  /** The same report in Markdown. */
  markdown: string;
  model: string | null;
}

/**
 * Writes the defended model (unless nothing was repaired) and the report that names it, as JSON and as Markdown. Both texts are on the
 * disk, under temporary names, before the model takes its place: a full disk leaves nothing of the run, and what was there as it was.
 * @throws FinePruneError of kind `input`, code `output.*`
 */
export async function writeOutputs({
  report,
  model,
  name,
  folder,
}: Place & { report: DefenseReport }): Promise<WrittenOutputs> {
  const storage = await storageOf(model);
  const modelPath = report.repaired ? path.join(modelFolder(name, folder), storage.fileName(model)) : null;
  const after =
    modelPath === null
      ? null
      : {
          path: path.relative(folder, modelPath).split(path.sep).join('/'),
          ...hashesNow(model),
        };
  const written = { ...report, model: { ...report.model, after } };
  const texts = [
    { target: reportFile(name, folder), text: serialiseReport(written) },
    { target: markdownFile(name, folder), text: markdownReport(written, undefined, name) },
  ].map((file) => ({
    ...file,
    staged: path.join(folder, `.${path.basename(file.target)}.${randomBytes(6).toString('hex')}`),
  }));
  try {
    for (const { staged, text } of texts) await writeFileAtomically(staged, text);
    if (modelPath) await storage.save(model, modelFolder(name, folder));
    for (const { staged, target } of texts) {
      await rename(staged, target).catch((error: unknown) => {
        throw outputFailure(error, target);
      });
    }
  } finally {
    for (const { staged } of texts) await rm(staged, { force: true });
  }
  return { written, report: reportFile(name, folder), markdown: markdownFile(name, folder), model: modelPath };
}

/** Whether a defended model of an earlier run lies where this run wrote none: it does not belong to the new report. */
export async function leftOver({
  report,
  name,
  folder,
}: {
  report: DefenseReport;
  name: string;
  folder: string;
}): Promise<string | null> {
  const earlier = modelFolder(name, folder);
  return !report.repaired && (await stat(earlier).catch(() => null)) ? earlier : null;
}
