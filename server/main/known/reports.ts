import path from 'node:path';
import { contentSha256 } from '../../engine/files/hash';
import { readText } from '../../engine/files/read';
import { readReport } from '../../engine/report/json/read-report';
import { isOfConfig, runSettings, settingsRun } from '../../engine/report/check/staleness';
import type { ResolvedConfig } from '../../protocol/config/config';
import type { DefenseReport } from '../../protocol/report/report';
import type { RunSetting } from '../../protocol/report/run-settings';
import { FileMemo } from './file-memo';
import type { Log } from '../host';
import type { Models } from './models';
import { REPORT_FILE } from '../../protocol/files';
import { sameModel } from '../../protocol/model';

/** The config as it stands now, and the files it names: what a report is compared with. */
export interface Inputs {
  /** Undefined when its text has a fault. */
  config: ResolvedConfig | undefined;
  modelPath: string | undefined;
  /** Absolute path of a data file as written in the config; undefined when it may not be read. */
  resolve(written: string): string | undefined;
}

/** Whether a report still holds for the config, the model and the data that lie beside it now, and how it was made. */
export interface Standing {
  /** What has changed since it was written, in words; empty when its figures still hold. */
  changed: string[];
  /** Settings that its run had and the config has not; empty too when the config has changed. */
  settings: RunSetting[];
}

/** Of a report whose config is gone or broken. */
export const WITHOUT_CONFIG: Standing = { changed: ['the config'], settings: [] };

/** Reads defense reports and tells whether they still hold. */
export class Reports {
  private readonly memo = new FileMemo((file) => this.read(file));
  private readonly dataHashes = new FileMemo(contentSha256);

  constructor(
    private readonly models: Models,
    private readonly log: Log,
  ) {}

  /** The report at a path; undefined when there is none, or the file is no report of this version. */
  async at(file: string): Promise<DefenseReport | undefined> {
    try {
      return await this.memo.get(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.log.warn(`${path.basename(file)} is not used: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** How a report stands to what lies beside it. */
  async standing(report: DefenseReport, inputs: Inputs): Promise<Standing> {
    const [model, data] = await Promise.all([
      this.modelChanged(report, inputs.modelPath),
      this.dataChanged(report, inputs),
    ]);
    const changed = [
      ...(model ? ['the model'] : []),
      ...configChange(report, inputs.config),
      ...(data ? ['the data'] : []),
    ];
    return { changed, settings: inputs.config ? runSettings(report, inputs.config) : [] };
  }

  private async read(file: string): Promise<DefenseReport> {
    // No link is followed, as in `check`: it could lead out of the workspace.
    return readReport(await readText(file, REPORT_FILE.mostBytes, { resolved: true }), file);
  }

  private async modelChanged(report: DefenseReport, modelPath: string | undefined): Promise<boolean> {
    if (!modelPath) return true;
    try {
      return !sameModel(await this.models.hashes(modelPath), report.model.before);
    } catch {
      return true;
    }
  }

  private async dataChanged(report: DefenseReport, inputs: Inputs): Promise<boolean> {
    const same = await Promise.all(
      report.data.files.map(async ({ path: written, sha256: expected }) => {
        const file = inputs.resolve(written);
        return file !== undefined && (await this.dataHashes.get(file).catch(() => undefined)) === expected;
      }),
    );
    return same.includes(false);
  }
}

function configChange(report: DefenseReport, config: ResolvedConfig | undefined): string[] {
  if (!config) return ['the config'];
  if (isOfConfig(report, config)) return [];
  const { overridden, other } = settingsRun(report, config);
  const fields = [...other, ...overridden];
  return [fields.length > 0 && fields.length <= 3 ? `the config (${fields.join(', ')})` : 'the config'];
}
