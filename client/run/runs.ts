import * as vscode from 'vscode';
import { FinePruneError, type Failure } from '../../server/protocol/errors';
import {
  RUN_REQUEST,
  SCAN_REQUEST,
  type RunParams,
  type RunResult,
  type ScanAnswer,
  type ScanParams,
} from '../../server/protocol/messages/lsp';
import { requestWithProgress } from '../language/progress';
import type { LanguageServer } from '../language/server';
import { baseName } from '../ui/open';
import { CONFIG_FILE } from '../../server/protocol/files';

/** A run or scan that waits or is going on. */
export interface ActiveRun {
  /** What a person calls it: the config's name without its ending. */
  name: string;
  /** What is run or scanned. */
  file: vscode.Uri;
  cancel(): void;
}

/** What is asked of the server, and how it is shown. */
interface Asked {
  /** Tells it from others; the same one is not started twice. */
  key: string;
  name: string;
  file: vscode.Uri;
  title: string;
  method: string;
  params: object;
}

/** The runs and scans that this window has started, each with one cancellable notification. The queue itself is the server's. */
export class Runs {
  private readonly active = new Map<string, ActiveRun>();

  constructor(
    private readonly server: LanguageServer,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  list(): ActiveRun[] {
    return [...this.active.values()];
  }

  isActive(config: vscode.Uri): boolean {
    return this.active.has(config.toString());
  }

  isScanning(subject: vscode.Uri): boolean {
    return this.active.has(scanKey(subject));
  }

  /**
   * Runs the defense of one config and shows how far it is, until it ends.
   * @throws ServerDown when the server is or goes down
   */
  async run(config: vscode.Uri): Promise<RunResult> {
    const params: RunParams = { configUri: config.toString() };
    const name = runName(config);
    const asked = {
      key: config.toString(),
      name,
      file: config,
      title: `Fine-Prune ${name}`,
      method: RUN_REQUEST,
      params,
    };
    return await this.perform<RunResult>(asked, ({ outcome }) => outcome.report.verdict.word);
  }

  /**
   * Scans one model for backdoors and shows how far it is, until it ends.
   * @param subject a config, or a model that is scanned by itself
   * @param clean clean images and labels for a model, relative to its folder
   * @throws ServerDown when the server is or goes down
   */
  async scan(subject: vscode.Uri, name: string, clean: ScanParams['clean']): Promise<ScanAnswer> {
    const params: ScanParams = { uri: subject.toString(), ...(clean && { clean }) };
    const asked = {
      key: scanKey(subject),
      name,
      file: subject,
      title: `Scanning ${name}`,
      method: SCAN_REQUEST,
      params,
    };
    return await this.perform<ScanAnswer>(asked, ({ outcome }) => outcome.report.scan.word);
  }

  private async perform<R extends { ok: boolean } & ({ ok: true } | { ok: false; failure: Failure })>(
    { key, name, file, title, method, params }: Asked,
    wordOf: (result: Extract<R, { ok: true }>) => string,
  ): Promise<R> {
    const source = new vscode.CancellationTokenSource();
    this.active.set(key, { name, file, cancel: () => source.cancel() });
    const began = Date.now();
    this.log.info(`${title}: requested.`);
    try {
      const options = { location: vscode.ProgressLocation.Notification, cancellable: true, title };
      const result = await vscode.window.withProgress(options, async (progress, token) => {
        token.onCancellationRequested(() => source.cancel());
        source.token.onCancellationRequested(() => progress.report({ message: 'Cancelling …' }));
        progress.report({ message: 'Starting …' });
        return await requestWithProgress<R>(this.server, method, params, progress, source.token).catch(
          (error: unknown) => asResult(error) as R,
        );
      });
      const end = result.ok ? wordOf(result as Extract<R, { ok: true }>) : result.failure.code;
      this.log.info(`${title}: ${end}, after ${((Date.now() - began) / 1000).toFixed(1)} s.`);
      return result;
    } finally {
      this.active.delete(key);
      source.dispose();
    }
  }
}

const scanKey = (subject: vscode.Uri): string => `scan of ${subject.toString()}`;

function asResult(error: unknown): { ok: false; failure: Failure } {
  if (error instanceof FinePruneError) return { ok: false, failure: error.toFailure() };
  throw error;
}

/** `mnist` of `…/mnist.fineprune.json`. */
export const runName = (config: vscode.Uri): string => CONFIG_FILE.nameOf(baseName(config));
