import type { DataSource } from '../data-source';
import type { Failure } from '../errors';
import type { RunOutcome } from './engine';
import type { InspectAnswer, InspectQuery } from './inspect';
import type { ReportView } from './report-view';
import type { ReportComparison } from '../report/comparison';
import type { IssueId } from '../report/review';
import type { ScanOutcome } from '../report/scan';

/**
 * The custom requests between client and language server; everything else is plain LSP. URIs are strings as LSP
 * has them. Names and types only: the client and the server each bind them to their own library.
 */

/** What the client passes when it starts the server. */
export interface InitializationOptions {
  /** Whether the workspace is trusted. If not: parsing and diagnostics only, and every run is refused with the reason. */
  trusted: boolean;
}

/** Client → server notification, without parameters: the person has granted trust to the workspace. */
export const TRUSTED_NOTIFICATION = 'finePrune/trusted';

/** Section of the settings that the server pulls for each config (`workspace/configuration`). */
export const SETTINGS_SECTION = 'finePrune';
export interface Settings {
  /** Engine for all runs, whatever the config says; null leaves it to the config. */
  backend: 'auto' | 'native' | 'wasm' | null;
  /** Absolute folders outside of the workspace from which data may be read. Machine-scoped. */
  dataFolders: string[];
  /** Absolute path of tfjs_binding.node that goes before any other source; empty for none. Machine-scoped. */
  nativeEnginePath: string;
  inlayHints: { enabled: boolean };
  codeLens: { enabled: boolean };
}

/** Client → server. Run the defense of one config; the client makes the `workDoneToken` and may cancel the request. */
export const RUN_REQUEST = 'finePrune/run';
export interface RunParams {
  configUri: string;
  workDoneToken?: string | number;
}
export type RunResult = { ok: true; outcome: RunOutcome } | { ok: false; failure: Failure };

/**
 * Client → server. Scan one model for triggers; the client makes the `workDoneToken` and may cancel the request. Runs and scans
 * wait for each other.
 */
export const SCAN_REQUEST = 'finePrune/scan';
export interface ScanParams {
  /** A config, whose model is scanned on its training images; or a model. */
  uri: string;
  /** For a model: clean images and labels, relative to its folder. Left out: those of the one config that names it. */
  clean?: DataSource;
  workDoneToken?: string | number;
}
export type ScanAnswer = { ok: true; outcome: ScanOutcome } | { ok: false; failure: Failure };

/** Client → server. What is needed to make a config for a model that has none: data sets found in the workspace, the layer that would be pruned. */
export const PREPARE_REQUEST = 'finePrune/prepareConfig';
export interface PrepareParams {
  modelUri: string;
}
export interface PrepareResult {
  /** The config that already names this model, if there is one. */
  existingConfigUri?: string;
  /** All configs that name it, nearest first, when there are several. */
  existingConfigUris?: string[];
  /** Null when the model cannot be defended; then `failure` says why. */
  model: { inputShape: number[]; classes: number; layer: string; units: number } | null;
  failure?: Failure;
  /** Data sets found in the workspace that fit the model, paths relative to the model's folder. */
  dataSets: { label: string; train: DataSource; test: DataSource }[];
}

/** Client → server. Text of a new config, with comments, from the person's answers. */
export const CONFIG_TEXT_REQUEST = 'finePrune/configText';
export interface ConfigTextParams {
  model: string;
  train: DataSource;
  test: DataSource;
  /** `inverted`: not known, to be estimated from the model. */
  trigger: { kind: 'patch' | 'blended' | 'sinusoidal'; target: number } | 'inverted' | null;
  /** Default: the reference recipe. */
  strategy?: 'auto';
}

/** Client → server. State of the native engine; with `install: true` it is installed (progress by workDoneToken). */
export const ENGINE_STATUS_REQUEST = 'finePrune/engineStatus';
export interface EngineStatus {
  native: { installed: boolean; why: string; path?: string; tensorflowVersion?: string };
  /** What an install would do, so that the person can be asked once. */
  plan?: { description: string; downloadBytes: number; diskBytes: number; folder: string };
  planFailure?: Failure;
}
export const ENGINE_INSTALL_REQUEST = 'finePrune/engineInstall';
export interface EngineInstallParams {
  workDoneToken?: string | number;
}
export type EngineInstallResult = { ok: true; status: EngineStatus } | { ok: false; failure: Failure };

/** Server → client notification: what the status item shows. */
export const STATUS_NOTIFICATION = 'finePrune/status';
export interface StatusParams {
  state: 'idle' | 'running' | 'queued';
  /** Number of runs that wait. */
  queued: number;
  backend?: { name: 'native' | 'wasm'; why: string; version: string };
  /** Last verdict of this session, or word of a scan: whichever came last. */
  last?: {
    of: 'run' | 'scan';
    name: string;
    verdict: string;
    sentence: string;
    /** Of the report, or of the scan's result. */ reportUri: string;
  };
  /** While running: what and how far, 0 to 1. */
  running?: { name: string; title: string; overall: number };
}

/** Where the inspector opens, as lenses and quick fixes say it. */
export interface InspectTarget {
  layer?: string;
  unit?: number;
}

/** Commands that lenses and quick fixes name; contributed by the client. */
export const COMMANDS = {
  run: 'finePrune.run',
  openReport: 'finePrune.openReport',
  showConfig: 'finePrune.showConfig',
  /** Arguments: URI of config or model, then optionally InspectTarget. */
  inspect: 'finePrune.inspect',
  /** Arguments: URI of a report. The rendered view. */
  viewReport: 'finePrune.viewReport',
  /** Arguments: URI of a report, then optionally that of the one it is compared with. */
  compareReports: 'finePrune.compareReports',
  /** Arguments: URI of a report, IssueId. */
  acceptFinding: 'finePrune.acceptFinding',
  /** Arguments: URI of a config, a model or a scan's result. */
  scan: 'finePrune.scan',
  /** Arguments: URI of a scan's result, or of what was scanned. */
  openScan: 'finePrune.openScan',
  /** Arguments: URI of a config, a model or a scan's result. */
  repair: 'finePrune.repair',
} as const;

/** Client → server, cancellable. A question of the activation inspector about one config; the answer holds typed arrays. */
export const INSPECT_REQUEST = 'finePrune/inspect';
export interface InspectParams {
  configUri: string;
  query: InspectQuery;
  /** Names this request in INSPECT_PROGRESS. */
  token: number;
}
export type InspectResult = { ok: true; answer: InspectAnswer } | { ok: false; failure: Failure };

/** Server → client notification, at most ten times a second while a question is worked on. */
export const INSPECT_PROGRESS = 'finePrune/inspectProgress';
export interface InspectProgress {
  token: number;
  title: string;
  /** 0 to 1. */
  overall: number;
}

/** Server → client notification: the inspector's engine process ended unexpectedly while nothing was asked of it. */
export const INSPECT_ENDED = 'finePrune/inspectEnded';
export interface InspectEnded {
  failure: Failure;
}

/** Server → client notification: files that a config's answers rest on (model, data, config, report) may have changed. */
export const INSPECT_CHANGED = 'finePrune/inspectChanged';
export interface InspectChanged {
  configUri: string;
}

/** Client → server. Reads the text of a defense report, as it is in an editor or at a revision, for the rendered view. */
export const READ_REPORT_REQUEST = 'finePrune/readReport';
export interface ReadReportParams {
  /** Where it was read: a `file:` URI has a model, a config and decisions beside it; for others nothing is looked up. */
  uri: string;
  text: string;
  /** Text of the decisions beside it, when the caller has read it (other schemes, unsaved documents). */
  reviewText?: string;
}
export type ReadReportResult = { ok: true; view: ReportView } | { ok: false; failure: Failure };

/** Client → server. Compares two reports by their texts; a side is null for a report that was added or deleted. */
export const COMPARE_REPORTS_REQUEST = 'finePrune/compareReports';
export interface CompareReportsParams {
  base: ReportText | null;
  head: ReportText | null;
}
export interface ReportText {
  /** What people call this side: `HEAD`, `working tree`, a path. */
  label: string;
  text: string;
}
export type CompareReportsResult =
  { ok: true; comparison: ReportComparison } | { ok: false; failure: Failure; side: 'base' | 'head' | null };

/**
 * Client → server. Stable text summary of a model, for text diffs. The caller reads the bytes, from whatever scheme; with
 * `shards: null` the answer is the list of weight files to read, relative to the model.json.
 */
export const MODEL_TEXT_REQUEST = 'finePrune/modelText';
export interface ModelTextParams {
  /** What people call this model, for messages. */
  name: string;
  json: Uint8Array;
  shards: { path: string; bytes: Uint8Array | null }[] | null;
}
export type ModelTextResult =
  { ok: true; text: string } | { ok: true; needs: string[] } | { ok: false; failure: Failure };

/** Client → server. Text of the decisions file with one decision added (or replaced), and who git says decides. */
export const ACCEPT_FINDING_REQUEST = 'finePrune/acceptFinding';
export interface AcceptFindingParams {
  reportUri: string;
  reportText: string;
  /** Text of the decisions file as it is; null when there is none. */
  reviewText: string | null;
  finding: IssueId;
  reason: string;
  /** YYYY-MM-DD. */
  expires?: string;
}
export type AcceptFindingResult = { ok: true; text: string } | { ok: false; failure: Failure };
