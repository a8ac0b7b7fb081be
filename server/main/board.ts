import type { Diagnostic } from 'vscode-languageserver/node';
import { formatNamed } from '../engine/model/formats/registry';
import { configDiagnostics } from '../language/config/diagnostics';
import type { FailedRun } from '../language/text/facts';
import { NO_FACTS, summaryOf } from '../language/text/facts';
import type { PruningPlan } from '../language/model/lenses';
import { modelProblem } from '../language/model/problem';
import { configResultDiagnostics, modelDiagnostics } from '../language/report/result-diagnostics';
import type { ActiveRun, LastRun } from '../language/report/run-state';
import { scanConfigDiagnostics, scanModelDiagnostics } from '../language/scan/diagnostics';
import { stillHolds, type LastScan } from '../language/scan/state';
import { openDocument, type Host } from './host';
import { Snapshots, type ConfigSnapshot } from './known/snapshots';
import { pathOf, uriOf } from './uris';
import { CONFIG_FILE, REPORT_FILE, SCAN_FILE } from '../protocol/files';
import { DEFAULT_RATIO } from '../protocol/config/pruning';
import { publish } from './outgoing';

/** What a model's lenses, hovers and diagnostics rest on. */
export interface ModelView {
  plan: PruningPlan;
  last: LastRun | undefined;
  active: ActiveRun | undefined;
  scan: LastScan | undefined;
  /** A scan of it, by itself or by a config, that goes on or waits. */
  scanning: ActiveRun | undefined;
}

/** Waits this long for the next keystroke before everything around a document is looked at again. */
const TYPING_MS = 150;
const FILES_MS = 250;

/**
 * Keeps a snapshot of every config that is open or was run, and publishes the diagnostics that follow: on the config, and on the
 * model that it names. Readers take the snapshot that is there and never wait for a new one.
 */
export class Board {
  private readonly configs = new Map<string, ConfigSnapshot>();
  private readonly failed = new Map<string, { run: FailedRun; text: string }>();
  private readonly active = new Map<string, ActiveRun>();
  /** Scans that go on or wait, by config or model. */
  private readonly scanning = new Map<string, ActiveRun>();
  /** Scans of models by themselves, of those that were looked at. */
  private readonly modelScans = new Map<string, LastScan>();
  /** Configs and models whose results stay in the Problems panel when they are closed: those that were run or scanned. */
  private readonly kept = new Set<string>();
  private readonly published = new Set<string>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private readonly refreshing = new Map<string, Promise<void>>();

  constructor(
    private readonly host: Host,
    readonly snapshots: Snapshots,
    private readonly onChanged: () => void,
  ) {}

  /** The last snapshot of a config; undefined before the first. */
  config(file: string): ConfigSnapshot | undefined {
    return this.configs.get(file);
  }

  activeRun(configPath: string): ActiveRun | undefined {
    return this.active.get(configPath);
  }

  /** The scan of a config's model that goes on or waits, also one of the model by itself. */
  activeScan(config: string): ActiveRun | undefined {
    const model = this.configs.get(config)?.modelPath;
    return this.scanning.get(config) ?? (model === undefined ? undefined : this.scanning.get(model));
  }

  /** What is known of a model, also through the configs that name it: the one that was run last speaks. */
  model(file: string): ModelView {
    const naming = [...this.configs.values()].filter(({ modelPath }) => modelPath === file);
    const chosen =
      naming.find((one) => this.active.has(one.file)) ??
      [...this.kept].reverse().flatMap((path) => naming.filter((one) => one.file === path))[0] ??
      naming.find(({ last }) => last && last.changed.length === 0) ??
      naming.find(({ last }) => last) ??
      naming[0];
    const scans = [chosen?.scan, ...naming.map(({ scan }) => scan), this.modelScans.get(file)].flatMap(
      (scan) => scan ?? [],
    );
    const found = {
      scan: scans.find(stillHolds) ?? scans[0],
      scanning: [file, ...naming.map((one) => one.file)].flatMap((subject) => this.scanning.get(subject) ?? [])[0],
    };
    if (!chosen) return { plan: { layer: null, ratio: DEFAULT_RATIO }, last: undefined, active: undefined, ...found };
    const { resolved } = chosen;
    return {
      plan: {
        layer: resolved?.layer ?? null,
        ...(resolved?.prune ?? { ratio: DEFAULT_RATIO }),
        ...(resolved?.strategy && { strategy: resolved.strategy }),
        configUri: uriOf(chosen.file),
      },
      last: chosen.last,
      active: this.active.get(chosen.file),
      ...found,
    };
  }

  setActive(configPath: string, run: ActiveRun | undefined): void {
    if (run) this.active.set(configPath, run);
    else this.active.delete(configPath);
  }

  /** @param subject config, or model that is scanned by itself */
  setScanning(subject: string, scan: ActiveRun | undefined): void {
    if (scan) this.scanning.set(subject, scan);
    else this.scanning.delete(subject);
  }

  /** A run or scan has begun or ended: its config, or the model that was scanned by itself, stays on the board. */
  keep(subject: string): void {
    this.kept.delete(subject);
    this.kept.add(subject);
  }

  /** Remembers how a run failed, until the next run or until the config is edited. */
  setFailed(configPath: string, run: FailedRun | undefined): void {
    if (run) this.failed.set(configPath, { run, text: this.configs.get(configPath)?.text.document.getText() ?? '' });
    else this.failed.delete(configPath);
  }

  /** A document was opened or edited. */
  touch(uri: string, opened: boolean): void {
    const file = pathOf(uri);
    if (file) this.later(file, opened ? 0 : TYPING_MS);
  }

  /** A document was closed: its diagnostics go, unless its config was run. */
  closed(uri: string): void {
    const file = pathOf(uri);
    if (file) this.later(file, 0);
  }

  /** Files changed: what was wrong with them may be mended. */
  forgetInputFailures(): void {
    for (const [file, { run }] of this.failed) if (run.failure.kind === 'input') this.failed.delete(file);
  }

  /** Files, settings or trust changed: everything on the board is looked at again. */
  refreshAll(): void {
    const open = this.host.documents.all().flatMap(({ uri }) => pathOf(uri) ?? []);
    for (const file of new Set([...open, ...this.kept, ...this.configs.keys()])) this.later(file, FILES_MS);
  }

  /** Looks at a config or a model again, and publishes. Calls at the same time share the work. */
  async refresh(file: string): Promise<void> {
    const before = this.refreshing.get(file);
    const work = (async () => {
      await before;
      await (this.isConfig(file) ? this.refreshConfig(file) : this.refreshModel(file));
    })().catch((error: unknown) => this.host.log.error(`${file} could not be checked`, error));
    this.refreshing.set(file, work);
    await work;
    if (this.refreshing.get(file) === work) this.refreshing.delete(file);
    this.onChanged();
  }

  private later(file: string, ms: number): void {
    // Reports and scans are texts of their own (ReportDocuments, ScanDocuments): "nothing to say" from here would take their diagnostics away.
    if (REPORT_FILE.is(file) || SCAN_FILE.is(file)) return;
    clearTimeout(this.timers.get(file));
    this.timers.set(
      file,
      setTimeout(() => {
        this.timers.delete(file);
        void this.refresh(file);
      }, ms),
    );
  }

  private isOpen(file: string): boolean {
    return openDocument(this.host.documents, file) !== undefined;
  }

  private isConfig(file: string): boolean {
    return (
      CONFIG_FILE.is(file) ||
      this.configs.has(file) ||
      openDocument(this.host.documents, file)?.languageId === 'fineprune'
    );
  }

  private async refreshConfig(file: string): Promise<void> {
    const snapshot = await this.snapshots.ofConfig(file);
    const before = this.configs.get(file)?.modelPath;
    if (!snapshot) {
      this.configs.delete(file);
      this.publish(uriOf(file), []);
    } else {
      this.configs.set(file, snapshot);
      const failed = this.failed.get(file);
      if (failed && failed.text !== '' && failed.text !== snapshot.text.document.getText()) this.failed.delete(file);
      this.publishConfig(snapshot);
    }
    for (const model of new Set([before, snapshot?.modelPath])) if (model) this.publishModel(model);
  }

  // A model that is opened by itself shows what the configs of its workspace say about it.
  private async refreshModel(file: string): Promise<void> {
    const document = openDocument(this.host.documents, file);
    const isModel = document ? (await this.snapshots.models.read(document, file)) !== null : this.kept.has(file);
    const scan = isModel ? await this.snapshots.scanOfModel(file) : undefined;
    if (scan) this.modelScans.set(file, scan);
    else this.modelScans.delete(file);
    if (isModel) {
      const { configs } = await this.host.workspace.files(this.host.workspace.rootOf(file));
      for (const config of configs) if (!this.configs.has(config)) await this.adopt(config, file);
      for (const [config, { modelPath }] of this.configs) if (modelPath === file) await this.refreshConfig(config);
    }
    this.publishModel(file);
  }

  private async adopt(config: string, model: string): Promise<void> {
    const snapshot = await this.snapshots.ofConfig(config);
    if (snapshot?.modelPath === model) this.configs.set(config, snapshot);
  }

  private publishConfig(snapshot: ConfigSnapshot): void {
    const { file, text, faults, facts, last, modelPath, scan } = snapshot;
    if (!this.isOpen(file) && !this.kept.has(file)) return this.publish(text.document.uri, []);
    const diagnostics = configDiagnostics(text, faults, facts, this.failed.get(file)?.run);
    if (last && !this.failed.has(file))
      diagnostics.push(...configResultDiagnostics(text, last, modelPath && uriOf(modelPath)));
    if (scan) diagnostics.push(...scanConfigDiagnostics(text, scan));
    this.publish(text.document.uri, diagnostics);
  }

  private publishModel(file: string): void {
    void this.modelDiagnostics(file).then(
      (diagnostics) => this.publish(openDocument(this.host.documents, file)?.uri ?? uriOf(file), diagnostics),
      (error: unknown) => this.host.log.error(`Diagnostics of ${file}`, error),
    );
  }

  private async modelDiagnostics(file: string): Promise<Diagnostic[]> {
    const open = this.isConfig(file) ? undefined : openDocument(this.host.documents, file);
    const problem = open && (await this.snapshots.models.problem(open, file));
    if (problem) return [modelProblem(open, problem)];
    const { last, plan, scan } = this.model(file);
    const config = plan.configUri && pathOf(plan.configUri);
    const wanted =
      this.isOpen(file) ||
      this.kept.has(file) ||
      (config !== undefined && (this.kept.has(config) || this.isOpen(config)));
    if (!wanted || (!last && !scan)) return [];
    const facts =
      config === undefined
        ? { ...NO_FACTS, model: await this.snapshots.modelFact(file) }
        : this.configs.get(config)?.facts;
    const summary = facts && summaryOf(facts);
    if (!summary) return [];
    const document = await this.snapshots.document(file, 'json');
    if (!document) return [];
    const text = { document, layerSpan: formatNamed(summary.format).layerSpan };
    // Of a run that failed, the figures before it say nothing; a scan is about the model, whatever became of runs.
    const ofRun = last && config !== undefined && !this.failed.has(config) ? modelDiagnostics(text, last) : [];
    return [...ofRun, ...(scan ? scanModelDiagnostics(text, summary.classifier, scan) : [])];
  }

  private publish(uri: string, diagnostics: Diagnostic[]): void {
    if (diagnostics.length === 0 && !this.published.has(uri)) {
      // Editors and tests wait for a first answer, also when it is that nothing is wrong.
      if (!this.host.documents.get(uri)) return;
    }
    if (diagnostics.length) this.published.add(uri);
    else this.published.delete(uri);
    publish(this.host, uri, diagnostics);
  }
}
