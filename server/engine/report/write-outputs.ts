import path from 'node:path';
import type { DefenseReport } from '../../protocol/report';
import { writeFileAtomically } from '../files/write';
import type { OpenModel } from '../model/model';
import { saveModel } from '../model/save-tfjs';
import { serialiseReport } from './serialise';

/**
 * Writes the defended model (unless nothing was repaired) and then the report that names it, each to a temporary name first.
 * @throws FinePruneError of kind `input`, code `output.*`
 */
export async function writeOutputs({ report, model, name, folder }: { report: DefenseReport; model: OpenModel; name: string; folder: string }): Promise<{ written: DefenseReport; report: string; model: string | null }> {
  let modelPath: string | null = null;
  let written = report;
  if (report.repaired) {
    const saved = await saveModel(model, path.join(folder, `${name}.defended`));
    modelPath = saved.path;
    written = { ...report, model: { ...report.model, after: { path: path.relative(folder, saved.path).split(path.sep).join('/'), topology: saved.topology, weights: saved.weights } } };
  }
  const reportPath = path.join(folder, `${name}.defense.json`);
  await writeFileAtomically(reportPath, serialiseReport(written));
  return { written, report: reportPath, model: modelPath };
}
