import {
  CodeActionKind,
  CodeLensRefreshRequest,
  type Connection,
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  DocumentFormattingRequest,
  type InitializeParams,
  type InitializeResult,
  InlayHintRefreshRequest,
  TextDocuments,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import {
  ACCEPT_FINDING_REQUEST,
  COMPARE_REPORTS_REQUEST,
  CONFIG_TEXT_REQUEST,
  ENGINE_INSTALL_REQUEST,
  ENGINE_STATUS_REQUEST,
  INSPECT_REQUEST,
  MODEL_TEXT_REQUEST,
  PREPARE_REQUEST,
  READ_REPORT_REQUEST,
  RUN_REQUEST,
  SCAN_REQUEST,
  SETTINGS_SECTION,
  TRUSTED_NOTIFICATION,
  type AcceptFindingParams,
  type CompareReportsParams,
  type ConfigTextParams,
  type EngineInstallParams,
  type InitializationOptions,
  type InspectParams,
  type ModelTextParams,
  type PrepareParams,
  type ReadReportParams,
  type RunParams,
  type ScanParams,
} from '../protocol/messages/lsp';
import { Board } from './board';
import { registerFeatures } from './features';
import { connectionLog, type Host } from './host';
import { engineStatus, installEngine } from './work/native-engine';
import { newConfigText, prepareConfig } from './work/prepare';
import { Inspections } from './work/inspections';
import { Jobs } from './work/jobs';
import { answerModelText } from './documents/model-text';
import { ReportDocuments } from './documents/reports';
import { Runs } from './work/runs';
import { ScanDocuments } from './documents/scans';
import { Scans } from './work/scans';
import { SettingsStore } from './settings';
import { Snapshots } from './known/snapshots';
import { pathOf } from './uris';
import { Workspace } from './workspace';
import { CONFIG_FILE, anyOf, DATA_PATTERNS, FILE_KINDS, MODEL_PATTERN, WEIGHTS_PATTERN } from '../protocol/files';

/** Files whose coming, going or changing can change what is shown: configs, reports, scans, models with their weights, data. */
const WATCHED = [
  ...FILE_KINDS.map(({ glob }) => glob),
  ...[MODEL_PATTERN, WEIGHTS_PATTERN, ...DATA_PATTERNS, '*.png'].map((pattern) => anyOf(pattern)),
];
const REFRESH_EVERY_MS = 100;

/** Binds the language server to a connection. Listening is the caller's. */
export function startServer(connection: Connection): void {
  let client: InitializeParams['capabilities'] = {};
  const documents = new TextDocuments(TextDocument);
  const host: Host = {
    connection,
    documents,
    settings: new SettingsStore(connection, () => client.workspace?.configuration === true),
    workspace: new Workspace(),
    log: connectionLog(connection),
    trusted: false,
  };
  const refresh = refresher(connection, () => client);
  const board = new Board(host, new Snapshots(host), refresh);
  const inspections = new Inspections(host, board.snapshots);
  const reports = new ReportDocuments(host, board.snapshots);
  const scanResults = new ScanDocuments(host, board);
  const jobs = new Jobs(host, refresh);
  const runs = new Runs(host, board, jobs, () => inspections.filesChanged());
  const scans = new Scans(host, board, jobs);

  connection.onInitialize((params): InitializeResult => {
    client = params.capabilities;
    host.trusted = (params.initializationOptions as Partial<InitializationOptions> | undefined)?.trusted === true;
    host.workspace.setFolders((params.workspaceFolders ?? []).flatMap(({ uri }) => pathOf(uri) ?? []));
    return { serverInfo: { name: 'Fine-Prune' }, capabilities: CAPABILITIES };
  });

  connection.onInitialized(() => {
    if (client.workspace?.didChangeWatchedFiles?.dynamicRegistration) {
      void connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: WATCHED.map((globPattern) => ({ globPattern })),
      });
    }
    if (client.workspace?.didChangeConfiguration?.dynamicRegistration) {
      void connection.client.register(DidChangeConfigurationNotification.type, { section: SETTINGS_SECTION });
    }
    if (client.textDocument?.formatting?.dynamicRegistration) {
      // Only for configs: a model.json has its formatter already, and a second one makes the editor complain.
      void connection.client.register(DocumentFormattingRequest.type, {
        documentSelector: [{ language: 'fineprune' }],
      });
    }
    if (client.workspace?.workspaceFolders) {
      connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
        const gone = new Set(removed.flatMap(({ uri }) => pathOf(uri) ?? []));
        host.workspace.setFolders([
          ...host.workspace.roots.filter((root) => !gone.has(root)),
          ...added.flatMap(({ uri }) => pathOf(uri) ?? []),
        ]);
        board.refreshAll();
      });
    }
  });

  connection.onDidChangeConfiguration(() => {
    host.settings.clear();
    board.refreshAll();
    inspections.filesChanged();
    refresh();
  });
  connection.onDidChangeWatchedFiles(({ changes }) => {
    host.workspace.forget();
    // A config mends its own failure by its text, which the board compares: that it was saved for the run is no news.
    if (changes.some(({ uri }) => !CONFIG_FILE.is(pathOf(uri) ?? ''))) board.forgetInputFailures();
    board.refreshAll();
    reports.refreshAll();
    scanResults.refreshAll();
    inspections.filesChanged();
  });
  connection.onNotification(TRUSTED_NOTIFICATION, () => {
    host.trusted = true;
    board.refreshAll();
  });

  documents.onDidOpen(({ document }) => board.touch(document.uri, true));
  documents.onDidChangeContent(({ document }) => {
    board.touch(document.uri, document.version <= 1);
    reports.touch(document.uri);
    scanResults.touch(document.uri);
  });
  documents.onDidSave(() => {
    board.refreshAll();
    reports.refreshAll();
    scanResults.refreshAll();
    inspections.filesChanged();
  });
  documents.onDidClose(({ document }) => {
    board.closed(document.uri);
    reports.closed(document.uri);
    scanResults.closed(document.uri);
  });

  connection.onRequest(RUN_REQUEST, (params: RunParams, token) =>
    runs.run(params, token, connection.window.attachWorkDoneProgress(params.workDoneToken)),
  );
  connection.onRequest(SCAN_REQUEST, (params: ScanParams, token) =>
    scans.scan(params, token, connection.window.attachWorkDoneProgress(params.workDoneToken)),
  );
  connection.onRequest(PREPARE_REQUEST, (params: PrepareParams) => prepareConfig(host, board.snapshots, params));
  connection.onRequest(CONFIG_TEXT_REQUEST, (params: ConfigTextParams) => newConfigText(params));
  connection.onRequest(ENGINE_STATUS_REQUEST, () => engineStatus(host));
  connection.onRequest(ENGINE_INSTALL_REQUEST, (params: EngineInstallParams | null, token) =>
    installEngine(host, token, connection.window.attachWorkDoneProgress(params?.workDoneToken)),
  );
  connection.onRequest(READ_REPORT_REQUEST, (params: ReadReportParams) => reports.read(params));
  connection.onRequest(COMPARE_REPORTS_REQUEST, async (params: CompareReportsParams) => reports.compare(params));
  connection.onRequest(ACCEPT_FINDING_REQUEST, (params: AcceptFindingParams) => reports.accept(params));
  connection.onRequest(MODEL_TEXT_REQUEST, async (params: ModelTextParams) => answerModelText(params));
  connection.onRequest(INSPECT_REQUEST, (params: InspectParams, token) => inspections.inspect(params, token));
  connection.onShutdown(() => {
    inspections.dispose();
    return jobs.cancelAll();
  });

  registerFeatures(host, board, reports, scanResults);
  documents.listen(connection);
}

const CAPABILITIES: InitializeResult['capabilities'] = {
  textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
  completionProvider: { triggerCharacters: ['"', ':', '/'] },
  hoverProvider: true,
  codeLensProvider: {},
  inlayHintProvider: true,
  codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix] },
  foldingRangeProvider: true,
  documentSymbolProvider: true,
  workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
};

/** Asks the editor to ask again for lenses and hints; many changes at once make one question. */
function refresher(connection: Connection, capabilities: () => InitializeParams['capabilities']): () => void {
  let due: NodeJS.Timeout | undefined;
  return () => {
    due ??= setTimeout(() => {
      due = undefined;
      const { workspace } = capabilities();
      const ignored = () => undefined;
      if (workspace?.codeLens?.refreshSupport) void connection.sendRequest(CodeLensRefreshRequest.type).catch(ignored);
      if (workspace?.inlayHint?.refreshSupport)
        void connection.sendRequest(InlayHintRefreshRequest.type).catch(ignored);
    }, REFRESH_EVERY_MS);
  };
}
