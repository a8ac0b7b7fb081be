import path from 'node:path';
import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  ErrorCodes,
  LanguageClient,
  ResponseError,
  RevealOutputChannelOn,
  State,
  TransportKind,
  WorkDoneProgress,
} from 'vscode-languageclient/node';
import type {
  LanguageClientOptions,
  ServerOptions,
  WorkDoneProgressBegin,
  WorkDoneProgressEnd,
  WorkDoneProgressReport,
} from 'vscode-languageclient/node';
import {
  INSPECT_CHANGED,
  INSPECT_ENDED,
  INSPECT_PROGRESS,
  STATUS_NOTIFICATION,
  TRUSTED_NOTIFICATION,
  type InitializationOptions,
  type InspectChanged,
  type InspectEnded,
  type InspectProgress,
  type StatusParams,
} from '../../server/protocol/messages/lsp';
import { OFFERED_MODELS, REPORT_FILE, REVIEW_FILE, SCAN_FILE, anyOf } from '../../server/protocol/files';

/** Restarts within RESTART_WINDOW_MS after which a crashing server stays down. */
const MAX_RESTARTS = 4;
const RESTART_WINDOW_MS = 3 * 60_000;
/** What people are told then. */
export const GAVE_UP = `The Fine-Prune server crashed ${MAX_RESTARTS + 1} times in ${RESTART_WINDOW_MS / 60_000} minutes and was not restarted.`;

/** What the server looks after, and where the status item is shown. */
export const SELECTOR = [
  { scheme: 'file', language: 'fineprune' },
  ...[...OFFERED_MODELS.map((pattern) => anyOf(pattern)), REPORT_FILE.glob, REVIEW_FILE.glob, SCAN_FILE.glob].map(
    (pattern) => ({
      scheme: 'file',
      language: 'json',
      pattern,
    }),
  ),
];

export type WorkDone = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;
export type ServerState = 'starting' | 'running' | 'stopped';

/** What the server says about inspections without being asked. */
export interface InspectListener {
  progress(params: InspectProgress): void;
  ended(params: InspectEnded): void;
  changed(params: InspectChanged): void;
}

/** A request that found no server, or lost it. */
export class ServerDown extends Error {
  override readonly name = 'ServerDown';
}

/** The library pops up messages of its own when the server goes; ours say it once, with a button that helps. */
class QuietLanguageClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/**
 * The language server as the rest of the client sees it: started when first needed, started again when it dies. Each
 * start has a LanguageClient of its own, since one whose start has failed can't be used again.
 */
export class LanguageServer implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private starting: Promise<LanguageClient> | undefined;
  private crashes: number[] = [];
  private disposed = false;
  private readonly stateEmitter = new vscode.EventEmitter<ServerState>();
  private readonly statusEmitter = new vscode.EventEmitter<StatusParams>();
  private readonly gaveUpEmitter = new vscode.EventEmitter<void>();
  private readonly inspecting = new Set<InspectListener>();
  private readonly trust = vscode.workspace.onDidGrantWorkspaceTrust(
    () => void this.client?.sendNotification(TRUSTED_NOTIFICATION).catch(() => undefined),
  );

  readonly onDidChangeState = this.stateEmitter.event;
  /** What the server says about engine, runs and last verdict. */
  readonly onStatus = this.statusEmitter.event;
  /** The server has ended so often that it is not started again. */
  readonly onGaveUp = this.gaveUpEmitter.event;

  constructor(
    private readonly extensionPath: string,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  get state(): ServerState {
    if (this.client?.state === State.Running) return 'running';
    return this.starting ? 'starting' : 'stopped';
  }

  /** Process id of the running server, for logs and tests. */
  get pid(): number | undefined {
    return this.client?.serverProcess?.pid;
  }

  /** @throws ServerDown when it can't be started; the log has the reason */
  async start(): Promise<void> {
    await this.running();
  }

  async restart(): Promise<void> {
    this.crashes = [];
    this.log.info('Restarting the server.');
    await this.stop();
    await this.start();
  }

  /**
   * Sends a request, after starting the server if need be.
   * @throws ServerDown when there is no server or it ends before it has answered
   */
  async request<R>(method: string, params: unknown, token?: vscode.CancellationToken): Promise<R> {
    const client = await this.running();
    try {
      // A token that is undefined would travel as a second parameter, and stand where the server expects its own.
      return await (token ? client.sendRequest<R>(method, params, token) : client.sendRequest<R>(method, params));
    } catch (error) {
      const lost =
        error instanceof ResponseError &&
        (error.code === ErrorCodes.PendingResponseRejected || error.code === ErrorCodes.ConnectionInactive);
      if (lost || client.state !== State.Running)
        throw new ServerDown('The Fine-Prune server stopped before it answered.', { cause: error });
      throw error;
    }
  }

  /** Listens to the progress that a request reports under its `workDoneToken`. Call it after `start`. */
  onProgress(token: string, listener: (value: WorkDone) => void): vscode.Disposable {
    return this.client?.onProgress(WorkDoneProgress.type, token, listener) ?? new vscode.Disposable(() => undefined);
  }

  /** Listens to what the server says about inspections, whichever server that is. */
  onInspect(listener: InspectListener): vscode.Disposable {
    this.inspecting.add(listener);
    return new vscode.Disposable(() => this.inspecting.delete(listener));
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.stop();
    vscode.Disposable.from(this.trust, this.stateEmitter, this.statusEmitter, this.gaveUpEmitter).dispose();
  }

  private async running(): Promise<LanguageClient> {
    if (this.client?.state === State.Running) return this.client;
    this.starting ??= this.launch().finally(() => {
      this.starting = undefined;
      this.stateEmitter.fire(this.state);
    });
    return await this.starting;
  }

  private async launch(): Promise<LanguageClient> {
    const client = this.makeClient();
    this.client = client;
    this.stateEmitter.fire('starting');
    try {
      await client.start();
      return client;
    } catch (error) {
      throw new ServerDown('The Fine-Prune server did not start.', { cause: error });
    }
  }

  private async stop(): Promise<void> {
    await this.starting?.catch(() => undefined);
    const { client } = this;
    this.client = undefined;
    // Throws for a server that is gone already, and when one has to be killed since it does not answer.
    await client
      ?.dispose()
      .catch((error: unknown) => this.log.warn(`The server did not stop on its own: ${String(error)}`));
  }

  private makeClient(): LanguageClient {
    const module = path.join(this.extensionPath, 'dist', 'server.js');
    // Never the workspace as working folder: what the server starts there could pick up the workspace's code.
    // The library hands its options to fork, whose types know `serialization`: with it, typed arrays arrive as typed arrays.
    const options = { cwd: path.dirname(module), serialization: 'advanced' };
    const run = { module, transport: TransportKind.ipc, options };
    const debug = { ...run, options: { ...options, execArgv: ['--nolazy', '--inspect=6019', '--enable-source-maps'] } };
    const server: ServerOptions = { run, debug };
    const clientOptions: LanguageClientOptions = {
      documentSelector: SELECTOR,
      diagnosticCollectionName: 'Fine-Prune',
      outputChannel: this.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: (): InitializationOptions => ({ trusted: vscode.workspace.isTrusted }),
      markdown: { supportThemeIcons: true },
      // A model.json of 10 MB that is only searched through need not travel.
      textSynchronization: { delayOpenNotifications: true },
      errorHandler: {
        error: (error) => {
          this.log.error(`Connection to the server: ${error.message}`);
          return { action: ErrorAction.Continue, handled: true };
        },
        closed: () => {
          setImmediate(() => this.ended(client));
          return { action: CloseAction.DoNotRestart, handled: true, message: 'The server stopped unexpectedly.' };
        },
      },
    };
    const client: LanguageClient = new QuietLanguageClient('finePrune', 'Fine-Prune', server, clientOptions);
    client.onNotification(STATUS_NOTIFICATION, (status: StatusParams) => this.statusEmitter.fire(status));
    client.onNotification(INSPECT_PROGRESS, (params: InspectProgress) =>
      this.inspecting.forEach((one) => one.progress(params)),
    );
    client.onNotification(INSPECT_ENDED, (params: InspectEnded) => this.inspecting.forEach((one) => one.ended(params)));
    client.onNotification(INSPECT_CHANGED, (params: InspectChanged) =>
      this.inspecting.forEach((one) => one.changed(params)),
    );
    return client;
  }

  /** Starts it again, unless it has just been started again too often. */
  private ended(client: LanguageClient): void {
    if (this.disposed || this.client !== client) return;
    const now = Date.now();
    this.crashes = [...this.crashes.filter((time) => now - time < RESTART_WINDOW_MS), now];
    this.stateEmitter.fire('stopped');
    if (this.crashes.length > MAX_RESTARTS) {
      this.log.error(
        `The server crashed ${this.crashes.length} times in ${RESTART_WINDOW_MS / 60_000} minutes and was not restarted.`,
      );
      this.gaveUpEmitter.fire();
      return;
    }
    this.log.warn('Restarting the server after it stopped unexpectedly.');
    // One that dies while starting is still being waited for: the next one comes after it.
    void Promise.resolve(this.starting)
      .catch(() => undefined)
      .then(() => this.start())
      .catch((error: unknown) => this.log.error(String(error)));
  }
}
