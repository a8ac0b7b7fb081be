import type { Connection, TextDocuments } from 'vscode-languageserver/node';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { SettingsStore } from './settings';
import { logged } from './outgoing';
import { pathOf, uriOf } from './uris';
import type { Workspace } from './workspace';

/** What every part of the server works with. */
export interface Host {
  connection: Connection;
  documents: TextDocuments<TextDocument>;
  settings: SettingsStore;
  workspace: Workspace;
  log: Log;
  /** Whether the workspace is trusted; see `InitializationOptions`. */
  trusted: boolean;
}

/** The open document of a path, however its URI is spelt. */
export function openDocument(documents: TextDocuments<TextDocument>, file: string): TextDocument | undefined {
  return documents.get(uriOf(file)) ?? documents.all().find(({ uri }) => pathOf(uri) === file);
}

export interface Log {
  info(message: string): void;
  warn(message: string): void;
  error(message: string, cause?: unknown): void;
}

export function connectionLog(connection: Connection): Log {
  return {
    info: (message) => connection.console.info(logged(message)),
    warn: (message) => connection.console.warn(logged(message)),
    error: (message, cause) =>
      connection.console.error(
        logged(
          cause === undefined
            ? message
            : `${message}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
        ),
      ),
  };
}
