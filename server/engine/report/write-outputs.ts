import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { DefenseReport } from '../../protocol/report/report';
import { checkParts, writeTogether, type OutputPlace, type Part } from '../files/output/together';
import type { OpenModel } from '../model/model';
import { storageOf } from '../model/formats/registry';
import { hashesNow } from '../model/identity';
import { markdownReport } from './markdown/markdown';
import { serialiseReport } from './json/serialise';
import { DEFENDED_ENDING, MARKDOWN_ENDING, REPORT_FILE } from '../../protocol/files';

/** What is written for a model, by the config's base name and the output folder. */
interface Place extends OutputPlace {
  model: OpenModel;
}

/**
 * Whether `writeOutputs` would find its places free, asked before the minutes of work that are to be saved there.
 * @throws FinePruneError of kind `input`, code `output.*`
 */
export async function checkOutputs({ model, ...place }: Place): Promise<void> {
  const { name, folder } = place;
  const replaces = await (await storageOf(model)).checkSaveFolder(model, modelFolder(name, folder));
  await checkParts(place, [
    { to: `${name}${DEFENDED_ENDING}`, replaces },
    ...[REPORT_FILE.named(name), `${name}${MARKDOWN_ENDING}`].map((to) => ({ to })),
  ]);
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
 * Writes the defended model (unless nothing was repaired) and the report that names it, as JSON and as Markdown: all of them, or what was
 * there stays as it was.
 * @param signal cancels as long as nothing has been replaced
 * @throws FinePruneError of kind `input`, code `output.*`; `cancelled`
 */
export async function writeOutputs(
  { report, model, ...place }: Place & { report: DefenseReport },
  signal?: AbortSignal,
): Promise<WrittenOutputs> {
  const { name, folder } = place;
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
  const parts: Part[] = [
    { to: REPORT_FILE.named(name), content: serialiseReport(written) },
    { to: `${name}${MARKDOWN_ENDING}`, content: markdownReport(written, undefined, name) },
  ];
  if (modelPath) {
    const replaces = await storage.checkSaveFolder(model, modelFolder(name, folder));
    parts.unshift({ to: `${name}${DEFENDED_ENDING}`, files: storage.savedFiles(model), replaces });
  }
  await writeTogether(place, parts, signal);
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
