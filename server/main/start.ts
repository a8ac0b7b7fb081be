import {
  CodeActionKind,
  CodeLensRefreshRequest,
  type Connection,
  type InitializeParams,
  type InitializeResult,
  InlayHintRefreshRequest,
  TextDocuments,
  TextDocumentSyncKind,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { InitializationOptions } from '../protocol/messages/lsp';
import { Board } from './board';
import { reactToChanges } from './changes';
import { registerFeatures } from './features/features';
import { connectionLog, type Host } from './host';
import type { Parts } from './parts';
import { answerRequests } from './requests';
import { Inspections } from './work/inspections';
import { Jobs } from './work/jobs';
import { ReportDocuments } from './documents/reports';
import { Runs } from './work/runs';
import { ScanDocuments } from './documents/scans';
import { Scans } from './work/scans';
import { SettingsStore } from './settings';
import { Snapshots } from './known/snapshots';
import { pathOf } from './uris';
import { Workspace } from './workspace';

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
  const parts: Parts = { host, board, inspections, reports, scanResults, runs, scans, refresh };

  connection.onInitialize((params): InitializeResult => {
    client = params.capabilities;
    host.trusted = (params.initializationOptions as Partial<InitializationOptions> | undefined)?.trusted === true;
    host.workspace.setFolders((params.workspaceFolders ?? []).flatMap(({ uri }) => pathOf(uri) ?? []));
    return { serverInfo: { name: 'Fine-Prune' }, capabilities: CAPABILITIES };
  });
  reactToChanges(parts, () => client);
  answerRequests(parts);
  connection.onShutdown(() => {
    inspections.dispose();
    return jobs.cancelAll();
  });

  registerFeatures(parts);
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
