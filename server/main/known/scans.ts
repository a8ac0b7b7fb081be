import path from 'node:path';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { modelName } from '../../engine/config/scan-inputs';
import { baseName } from '../../engine/config/read-config';
import { contentSha256 } from '../../engine/files/hash';
import { readText } from '../../engine/files/read';
import { readScan } from '../../engine/report/json/read-scan';
import { parseConfig, type ConfigText } from '../../language/text/config-text';
import type { LastScan } from '../../language/scan/state';
import type { ResolvedConfig } from '../../protocol/config/config';
import { sourceFiles, splitOf } from '../../protocol/data-source';
import type { ScanReport } from '../../protocol/report/scan';
import { FileMemo } from './file-memo';
import type { Log } from '../host';
import type { Models } from './models';
import { uriOf } from '../uris';
import { CONFIG_FILE, SCAN_FILE } from '../../protocol/files';
import { sameModel } from '../../protocol/model';

/** What a scan's result is compared with. */
export interface ScanSubject {
  /** Absolute path of the model. */
  model: string;
  /** The config that it is scanned by; undefined for a model by itself, or a config whose text has a fault. */
  config: ResolvedConfig | undefined;
  /** Absolute path of a data file as the result names it; rejects where it may not be read. */
  resolve(written: string): Promise<string>;
}

interface Read {
  report: ScanReport;
  text: ConfigText;
}

/** The result of scanning a config's model lies beside the config; that of a model by itself beside the model. */
export function scanPathOf(subject: string): string {
  return path.join(
    path.dirname(subject),
    SCAN_FILE.named(CONFIG_FILE.is(subject) ? baseName(subject) : modelName(subject)),
  );
}

/** Reads results of scans and tells whether they still hold. */
export class ScanReports {
  private readonly memo = new FileMemo((file) => this.read(file));
  private readonly dataHashes = new FileMemo(contentSha256);

  constructor(
    private readonly models: Models,
    private readonly log: Log,
  ) {}

  /** The result at a path, as it lies on the disk; undefined when there is none, or the file is no scan of this version. */
  async at(file: string, subject: ScanSubject): Promise<LastScan | undefined> {
    try {
      const { report, text } = await this.memo.get(file);
      return { report, text, uri: uriOf(file), changed: await this.changes(report, subject) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.log.warn(`${path.basename(file)} is not used: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** What has changed since the model was scanned, in words; empty when it all still holds. */
  async changes({ model, data, scan }: ScanReport, subject: ScanSubject): Promise<string[]> {
    const rests = scan.evidence.length === 0 || scan.advice?.labels !== undefined;
    const [sameModel, sameData] = await Promise.all([
      this.isModel(model, subject.model),
      this.areData(data.files, subject).then(
        async (same) => same && (!rests || (await this.areOfConfig(data.files, subject))),
      ),
    ]);
    return [
      ...(sameModel ? [] : ['the model']),
      ...pixelChange(data, subject.config),
      ...(sameData ? [] : ['the data']),
    ];
  }

  private async read(file: string): Promise<Read> {
    // No link is followed, as in `check`: it could lead out of the workspace.
    const source = await readText(file, SCAN_FILE.mostBytes, { resolved: true });
    return { report: readScan(source, file), text: parseConfig(TextDocument.create(uriOf(file), 'json', 0, source)) };
  }

  private async isModel(model: ScanReport['model'], file: string): Promise<boolean> {
    try {
      return sameModel(await this.models.hashes(file), model);
    } catch {
      return false;
    }
  }

  private async areData(files: ScanReport['data']['files'], { resolve }: ScanSubject): Promise<boolean> {
    const same = await Promise.all(
      files.map(async ({ path: written, sha256 }) => (await this.dataHashes.get(await resolve(written))) === sha256),
    ).catch(() => [false]);
    return !same.includes(false);
  }

  /** Whether a config's own training data are these files: what is said of a model and its labels is said of no others. */
  private async areOfConfig(files: ScanReport['data']['files'], { config, resolve }: ScanSubject): Promise<boolean> {
    if (!config) return true;
    const same = await Promise.all(
      sourceFiles(splitOf(config.data, 'train')).map(
        async ({ path: written }, at) => (await this.dataHashes.get(await resolve(written))) === files[at]?.sha256,
      ),
    ).catch(() => [false]);
    return !same.includes(false);
  }
}

/** Other pixels go into the same model: what was found on the ones says little about the others. */
function pixelChange(data: ScanReport['data'], config: ResolvedConfig | undefined): string[] {
  if (!config) return [];
  const fields = (['scale', 'mean', 'std'] as const).filter(
    (field) => JSON.stringify(data[field]) !== JSON.stringify(config.data[field]),
  );
  return fields.length > 0 ? [`the config (${fields.map((field) => `data.${field}`).join(', ')})`] : [];
}
