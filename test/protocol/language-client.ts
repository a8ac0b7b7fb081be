import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { URI } from 'vscode-uri';
import {
  createProtocolConnection,
  type Diagnostic,
  type InitializeParams,
  IPCMessageReader,
  IPCMessageWriter,
  type ProgressToken,
  type ProtocolConnection,
  type WorkDoneProgressBegin,
  type WorkDoneProgressEnd,
  type WorkDoneProgressReport,
} from 'vscode-languageserver-protocol/node';
import { STATUS_NOTIFICATION, type Settings, type StatusParams } from '../../server/protocol/messages/lsp';
import { built } from '../harness/built';
import { waitFor } from '../harness/poll';

export type ProgressValue = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

/** An editor's side of the connection, over the same node IPC that VS Code uses. */
export class LanguageClient {
  readonly connection: ProtocolConnection;
  readonly diagnostics = new Map<string, Diagnostic[]>();
  readonly statuses: StatusParams[] = [];
  readonly log: string[] = [];
  readonly refreshes = { lenses: 0, hints: 0 };
  settings: Partial<Settings> = {};

  private constructor(readonly server: ChildProcess) {
    this.connection = createProtocolConnection(new IPCMessageReader(server), new IPCMessageWriter(server));
    this.connection.onNotification(
      'textDocument/publishDiagnostics',
      ({ uri, diagnostics }: { uri: string; diagnostics: Diagnostic[] }) => void this.diagnostics.set(uri, diagnostics),
    );
    this.connection.onNotification(STATUS_NOTIFICATION, (status: StatusParams) => void this.statuses.push(status));
    this.connection.onNotification(
      'window/logMessage',
      ({ message }: { message: string }) => void this.log.push(message),
    );
    this.connection.onRequest('workspace/configuration', ({ items }: { items: unknown[] }) =>
      items.map(() => this.settings),
    );
    this.connection.onRequest('client/registerCapability', () => null);
    this.connection.onRequest('workspace/codeLens/refresh', () => {
      this.refreshes.lenses++;
      return null;
    });
    this.connection.onRequest('workspace/inlayHint/refresh', () => {
      this.refreshes.hints++;
      return null;
    });
    this.connection.listen();
  }

  static async start(
    folders: string[],
    { trusted = true, settings = {} as Partial<Settings>, env = {} as NodeJS.ProcessEnv } = {},
  ): Promise<LanguageClient> {
    const server = fork(built('server'), ['--node-ipc', `--clientProcessId=${process.pid}`], {
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...env },
      // As the extension has it: typed arrays arrive as typed arrays.
      serialization: 'advanced',
    });
    const client = new LanguageClient(server);
    server.stderr?.on('data', (chunk: Buffer) => void client.log.push(chunk.toString()));
    client.settings = settings;
    const params: InitializeParams = {
      processId: process.pid,
      rootUri: null,
      workspaceFolders: folders.map((folder) => ({ uri: uriOf(folder), name: path.basename(folder) })),
      initializationOptions: { trusted },
      capabilities: {
        workspace: {
          configuration: true,
          workspaceFolders: true,
          codeLens: { refreshSupport: true },
          inlayHint: { refreshSupport: true },
          didChangeWatchedFiles: { dynamicRegistration: true },
        },
        window: { workDoneProgress: true },
      },
    };
    await client.connection.sendRequest('initialize', params);
    await client.connection.sendNotification('initialized', {});
    return client;
  }

  /** Ends the server in the way of the protocol, and waits until its process is gone. */
  async stop(): Promise<void> {
    if (this.server.exitCode === null && this.server.signalCode === null) {
      const gone = new Promise((resolve) => this.server.once('exit', resolve));
      await this.connection.sendRequest('shutdown');
      await this.connection.sendNotification('exit');
      await gone;
    }
    this.connection.dispose();
  }

  async open(file: string, text = readFileSync(file, 'utf8'), languageId = 'fineprune'): Promise<string> {
    const uri = uriOf(file);
    this.diagnostics.delete(uri);
    await this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId, version: 1, text },
    });
    return uri;
  }

  async change(uri: string, version: number, text: string): Promise<void> {
    this.diagnostics.delete(uri);
    await this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges: [{ text }],
    });
  }

  async close(uri: string): Promise<void> {
    await this.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  }

  async filesChanged(...files: string[]): Promise<void> {
    await this.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: files.map((file) => ({ uri: uriOf(file), type: 2 })),
    });
  }

  /** The diagnostics of a document once they are as expected. */
  async diagnosed(uri: string, what: string, expected: (diagnostics: Diagnostic[]) => boolean): Promise<Diagnostic[]> {
    return waitFor(`${what}; last: ${JSON.stringify(this.diagnostics.get(uri)?.map((d) => d.message))}`, () => {
      const found = this.diagnostics.get(uri);
      return found && expected(found) && found;
    });
  }

  at<T>(method: string, uri: string, more: object = {}): Promise<T> {
    return this.connection.sendRequest(method, { textDocument: { uri }, ...more });
  }

  /** Collects what is reported for a token, as the notification of a run shows it. */
  progress(token: ProgressToken): ProgressValue[] {
    const values: ProgressValue[] = [];
    this.connection.onNotification('$/progress', (params: { token: ProgressToken; value: ProgressValue }) => {
      if (params.token === token) values.push(params.value);
    });
    return values;
  }
}

export function uriOf(file: string): string {
  return URI.file(file).toString();
}

/** A person does not hover ten thousand times a second: a probe without pause would only measure itself. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}

/** Times one request over and over, `between` something else: the milliseconds of each answer, in ascending order. */
export async function latencies(
  request: () => Promise<unknown>,
  until: () => boolean,
  between: () => Promise<void> = pause,
): Promise<number[]> {
  const times: number[] = [];
  while (!until()) {
    const start = performance.now();
    await request();
    times.push(performance.now() - start);
    await between();
  }
  return times.sort((a, b) => a - b);
}

/** `median 1.1 ms, 95 % within 4.0 ms, largest 72.4 ms of 193`. */
export function latencyWords(times: readonly number[]): string {
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))]!.toFixed(1);
  return `median ${at(0.5)} ms, 95 % within ${at(0.95)} ms, largest ${at(1)} ms of ${times.length}`;
}
