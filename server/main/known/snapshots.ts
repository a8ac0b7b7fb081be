import path from 'node:path';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { configProblems, parseConfig as readDefenseConfig, resolveConfig } from '../../engine/config/read-config';
import { confinedPath } from '../../engine/files/confine';
import { readText as readTextFile } from '../../engine/files/read';
import { tellsAll, type TextFault } from '../../language/config/faults';
import {
  dataFormatOf,
  dotted,
  namedFiles,
  parseConfig,
  valueAt,
  type ConfigText,
  type NamedFile,
} from '../../language/text/config-text';
import { NO_FACTS, type ConfigFacts, type FileFact, type ModelFact } from '../../language/text/facts';
import type { LastRun } from '../../language/report/run-state';
import { stillHolds, type LastScan } from '../../language/scan/state';
import type { ResolvedConfig } from '../../protocol/config/config';
import { optionsFrom } from '../../protocol/data-source';
import { FinePruneError } from '../../protocol/errors';
import type { DefenseReport } from '../../protocol/report/report';
import { DataFiles } from './data-files';
import { openDocument, type Host } from '../host';
import { Models } from './models';
import { Reports, WITHOUT_CONFIG, type Inputs, type Standing } from './reports';
import { scanPathOf, ScanReports, type ScanSubject } from './scans';
import { relativePath, uriOf } from '../uris';
import { CONFIG_FILE, MOST_MODEL_BYTES, REPORT_FILE, SCAN_FILE, beside } from '../../protocol/files';

/** A config, with everything that is known around it, at one moment. */
export interface ConfigSnapshot {
  file: string;
  text: ConfigText;
  faults: TextFault[];
  facts: ConfigFacts;
  /** Undefined when the text has a fault. */
  resolved: ResolvedConfig | undefined;
  /** Absolute path of the model, when it may be read. */
  modelPath: string | undefined;
  /** Path as written in the config, by absolute path. */
  writtenPaths: ReadonlyMap<string, string>;
  last: LastRun | undefined;
  /** The last scan of the model; undefined too where the text does not say which model it is. */
  scan: LastScan | undefined;
}

/** Gathers what is known of a config. Everything here is asynchronous and remembered by file stamps. */
export class Snapshots {
  readonly models: Models;
  readonly reports: Reports;
  readonly scans: ScanReports;
  private readonly dataFiles = new DataFiles();

  constructor(private readonly host: Host) {
    this.models = new Models(host.log);
    this.reports = new Reports(this.models, host.log);
    this.scans = new ScanReports(this.models, host.log);
  }

  /** The open document of a path, or what lies on disk; undefined when there is neither. */
  async document(file: string, languageId: string): Promise<TextDocument | undefined> {
    const open = openDocument(this.host.documents, file);
    if (open) return open;
    try {
      return TextDocument.create(
        uriOf(file),
        languageId,
        0,
        await readTextFile(file, languageId === 'fineprune' ? CONFIG_FILE.mostBytes : MOST_MODEL_BYTES),
      );
    } catch {
      return undefined;
    }
  }

  /** Undefined when the config is not there. */
  async ofConfig(file: string): Promise<ConfigSnapshot | undefined> {
    const document = await this.document(file, 'fineprune');
    if (!document) return undefined;
    const { text, faults, resolved } = readText(document, file);
    if (!text.root || tellsAll(faults)) {
      return {
        file,
        text,
        faults,
        facts: NO_FACTS,
        resolved,
        modelPath: undefined,
        writtenPaths: new Map(),
        last: await this.lastRun(file),
        scan: undefined,
      };
    }
    const { facts, paths, modelPath } = await this.facts(text, file);
    const last = await this.lastRun(file, { config: resolved, modelPath, resolve: (written) => paths.get(written) });
    const writtenPaths = new Map(
      [...paths].flatMap(([written, absolute]) => [
        [absolute, written],
        [path.resolve(path.dirname(file), written), written],
      ]),
    );
    const scan = modelPath === undefined ? undefined : await this.scanOfConfig(file, modelPath, resolved);
    return { file, text, faults, facts, resolved, modelPath, writtenPaths, last, scan };
  }

  /** The last scan of a model that was scanned by itself. */
  scanOfModel(model: string): Promise<LastScan | undefined> {
    return this.scans.at(scanPathOf(model), this.scanSubject(scanPathOf(model), model, undefined));
  }

  /** What the result of a scan is compared with, going by the config beside it, or else the model that it names. */
  async subjectOfScan(scanFile: string, named: string): Promise<ScanSubject> {
    const config = configOfScan(scanFile);
    const document = await this.document(config, 'fineprune');
    const resolved = document && readText(document, config).resolved;
    // A path of the file's own is only followed to where files may be read.
    const model = await this.allowedPath(scanFile, resolved?.model ?? named).catch(() => '');
    return this.scanSubject(scanFile, model, resolved);
  }

  /** How a report stands to the config beside it, and to what that names. */
  async standingOf(report: DefenseReport, configFile: string): Promise<Standing> {
    const document = await this.document(configFile, 'fineprune');
    if (!document) return WITHOUT_CONFIG;
    const { text, faults, resolved } = readText(document, configFile);
    if (!text.root || tellsAll(faults)) return WITHOUT_CONFIG;
    const { paths, modelPath } = await this.facts(text, configFile);
    return await this.reports.standing(report, {
      config: resolved,
      modelPath,
      resolve: (written) => paths.get(written),
    });
  }

  /** The last run of a config as it lies on the disk, which is what an engine reads: without a look around, so that it takes no time. */
  async lastRunOnDisk(file: string): Promise<LastRun | undefined> {
    const source = await readConfigText(file).catch(() => undefined);
    if (source === undefined) return undefined;
    const { text, resolved } = readText(TextDocument.create(uriOf(file), 'fineprune', 0, source), file);
    if (!resolved) return await this.lastRun(file);
    const paths = new Map<string, string>();
    await Promise.all(
      namedFiles(text).map(async ({ value }) => {
        const absolute = await this.allowedPath(file, value).catch(() => undefined);
        if (absolute !== undefined) paths.set(value, absolute);
      }),
    );
    return await this.lastRun(file, {
      config: resolved,
      modelPath: paths.get(resolved.model),
      resolve: (written) => paths.get(written),
    });
  }

  /** The last scan of a config's model as it lies on the disk, in the same way. */
  async scanOnDisk(file: string): Promise<LastScan | undefined> {
    const source = await readConfigText(file).catch(() => undefined);
    const resolved =
      source === undefined
        ? undefined
        : readText(TextDocument.create(uriOf(file), 'fineprune', 0, source), file).resolved;
    if (!resolved) return undefined;
    const isAllowed = await this.allowedPath(file, resolved.model).then(
      () => true,
      () => false,
    );
    return isAllowed
      ? await this.scanOfConfig(file, path.resolve(path.dirname(file), resolved.model), resolved)
      : undefined;
  }

  /** One beside the config; one of the model by itself where that is the one that still holds, as when the config came after the scan. */
  private async scanOfConfig(
    file: string,
    modelPath: string,
    resolved: ResolvedConfig | undefined,
  ): Promise<LastScan | undefined> {
    const [own, other] = [scanPathOf(file), scanPathOf(modelPath)];
    const scan = await this.scans.at(own, this.scanSubject(own, modelPath, resolved));
    if (other === own || (scan && stillHolds(scan))) return scan;
    const ofModel = await this.scans.at(other, this.scanSubject(other, modelPath, resolved));
    return ofModel && (!scan || stillHolds(ofModel)) ? ofModel : scan;
  }

  private scanSubject(scanFile: string, model: string, config: ResolvedConfig | undefined): ScanSubject {
    return { model, config, resolve: (written) => this.allowedPath(scanFile, written) };
  }

  private async facts(
    text: ConfigText,
    file: string,
  ): Promise<{ facts: ConfigFacts; paths: Map<string, string>; modelPath: string | undefined }> {
    const folder = path.dirname(file);
    const paths = new Map<string, string>();
    const files = new Map<string, FileFact>();
    let model: ModelFact | undefined;
    let modelPath: string | undefined;
    await Promise.all(
      namedFiles(text).map(async (named) => {
        const { value } = named;
        let absolute: string | undefined;
        let refused: Refused = { state: 'outside' };
        try {
          absolute = await this.allowedPath(file, value);
          paths.set(value, absolute);
        } catch (error) {
          refused = refusal(error);
        }
        if (named.kind === 'model') {
          // Not free of links: the editor knows the model by the path through which the person opened it.
          modelPath = absolute && path.resolve(folder, value);
          model = modelPath ? await this.modelFact(modelPath) : refused;
        } else {
          files.set(dotted(named.path), absolute ? await this.dataFact(text, named, absolute) : refused);
        }
      }),
    );
    const found = await this.host.workspace.files(this.host.workspace.rootOf(file));
    const relative = (absolute: string[]) => absolute.map((one) => relativePath(folder, one));
    const nearby = { models: relative(found.models), data: relative(found.data), images: relative(found.images) };
    return { facts: { ...(model && { model }), files, nearby }, paths, modelPath };
  }

  private dataFact(text: ConfigText, named: NamedFile, file: string): Promise<FileFact> {
    if (named.kind !== 'data') return this.dataFiles.picture(file);
    return this.dataFiles.fact(file, optionsFrom(dataFormatOf(text), valueAt(text, named.place) as object));
  }

  /** @throws FinePruneError as confinedPath does */
  private async allowedPath(config: string, written: string): Promise<string> {
    const { settings, workspace } = this.host;
    const { dataFolders } = await settings.get(uriOf(config));
    return await confinedPath(
      path.dirname(config),
      written,
      { root: workspace.rootOf(config), folders: [...dataFolders, ...workspace.roots] },
      'files',
    );
  }

  /** What is known of a model: as the editor has it, else as it lies on the disk. */
  async modelFact(file: string): Promise<ModelFact> {
    const open = openDocument(this.host.documents, file);
    const summary = open && (await this.models.read(open, file));
    return summary ? { state: 'ok', summary } : this.models.fact(file);
  }

  /** @param inputs undefined when the text can't be read, so that nothing is known of what it names: the config has changed */
  private async lastRun(file: string, inputs?: Inputs): Promise<LastRun | undefined> {
    const reportPath = reportPathOf(file);
    const report = await this.reports.at(reportPath);
    if (!report) return undefined;
    return {
      report,
      reportUri: uriOf(reportPath),
      ...(inputs ? await this.reports.standing(report, inputs) : WITHOUT_CONFIG),
    };
  }
}

/** @throws ReadFault, also for one that is too long for a config */
const readConfigText = (file: string): Promise<string> => readTextFile(file, CONFIG_FILE.mostBytes);

type Refused = { state: 'outside' } | { state: 'unreadable'; message: string };

/** Why a path may not be followed. */
function refusal(error: unknown): Refused {
  if (!(error instanceof FinePruneError) || error.code === 'path.outside') return { state: 'outside' };
  return { state: 'unreadable', message: [error.message, error.todo].filter(Boolean).join(' ') };
}

/** The config that a scan was made by lies beside its result, where there is one. */
export function configOfScan(scanFile: string): string {
  return beside(scanFile, SCAN_FILE, CONFIG_FILE);
}

/** The report of a config lies beside it. */
export function reportPathOf(configPath: string): string {
  return beside(configPath, CONFIG_FILE, REPORT_FILE);
}

function readText(
  document: TextDocument,
  file: string,
): { text: ConfigText; faults: TextFault[]; resolved: ResolvedConfig | undefined } {
  const source = document.getText();
  const faults = configProblems(source);
  const resolved = faults.length ? undefined : resolveConfig(readDefenseConfig(source, file));
  return { text: parseConfig(document), faults, resolved };
}
