import {
  DidChangeConfigurationNotification,
  DidChangeWatchedFilesNotification,
  DocumentFormattingRequest,
  type InitializeParams,
} from 'vscode-languageserver/node';
import { SETTINGS_SECTION, TRUSTED_NOTIFICATION } from '../protocol/messages/lsp';
import type { Parts } from './parts';
import { pathOf } from './uris';
import { DATA_PATTERNS } from '../protocol/data-source';
import { CONFIG_FILE, anyOf, FILE_KINDS, MODEL_PATTERNS, WEIGHTS_PATTERNS } from '../protocol/files';

/** Files whose coming, going or changing can change what is shown: configs, reports, scans, models with their weights, data. */
const WATCHED = [
  ...FILE_KINDS.map(({ glob }) => glob),
  ...[...MODEL_PATTERNS, ...WEIGHTS_PATTERNS, ...DATA_PATTERNS, '*.png'].map((pattern) => anyOf(pattern)),
];

type Capabilities = InitializeParams['capabilities'];

/**
 * Looks again where something has changed: settings, folders, files, texts in the editor, trust.
 * @param client what the client can do, once it has said so
 */
export function reactToChanges(parts: Parts, client: () => Capabilities): void {
  const { connection } = parts.host;
  connection.onInitialized(() => {
    subscribe(parts, client());
    if (client().workspace?.workspaceFolders) followFolders(parts);
  });
  onFiles(parts);
  onDocuments(parts);
}

/** Registers for what the client sends on request alone. */
function subscribe({ host: { connection } }: Parts, client: Capabilities): void {
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
}

function followFolders({ host, board }: Parts): void {
  host.connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
    const gone = new Set(removed.flatMap(({ uri }) => pathOf(uri) ?? []));
    host.workspace.setFolders([
      ...host.workspace.roots.filter((root) => !gone.has(root)),
      ...added.flatMap(({ uri }) => pathOf(uri) ?? []),
    ]);
    board.refreshAll();
  });
}

function onFiles({ host, board, inspections, reports, scanResults, refresh }: Parts): void {
  const { connection } = host;
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
}

function onDocuments({ host: { documents }, board, inspections, reports, scanResults }: Parts): void {
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
}
