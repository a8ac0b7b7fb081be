import path from 'node:path';
import type { CancellationToken, WorkDoneProgressReporter } from 'vscode-languageserver/node';
import { modelName, placedWithoutConfig, scanInputs } from '../../engine/config/scan-inputs';
import { startScan } from '../../jobs/engine-process';
import { ScanProgress } from '../../language/scan/progress';
import { withPaths } from '../../protocol/data-source';
import { badInput } from '../../protocol/errors';
import type { ScanAnswer, ScanParams } from '../../protocol/messages/lsp';
import type { ScanOutcome, ScanRequest } from '../../protocol/report/scan';
import type { Board } from '../board';
import type { Host } from '../host';
import type { Jobs } from './jobs';
import { openConfigsNaming } from './prepare';
import { logFailure, signalOf } from './runs';
import { requireTrust } from '../trust';
import { scanPathOf } from '../known/scans';
import { pathOf, uriOf } from '../uris';
import { CONFIG_FILE } from '../../protocol/files';
import { failureOf } from '../failure';

/** What is scanned, and what the engine is asked for. */
interface Planned {
  /** The config, or the model where none is needed. */
  subject: string;
  name: string;
  request: ScanRequest;
  /** Adds its place to a failure that the config is at fault for. */
  placed(error: unknown): unknown;
}

/** Scans of models for backdoors, in the same queue as runs. */
export class Scans {
  constructor(
    private readonly host: Host,
    private readonly board: Board,
    private readonly jobs: Jobs,
  ) {}

  /** Answers when the scan has ended; a failure is an answer, not an error. */
  async scan(params: ScanParams, token: CancellationToken, progress: WorkDoneProgressReporter): Promise<ScanAnswer> {
    progress.begin('Fine-Prune', 0, undefined, true);
    const { signal, dispose } = signalOf(token);
    let planned: Planned | undefined;
    try {
      requireTrust(this.host);
      const file = pathOf(params.uri);
      if (!file)
        throw badInput('scan.notAFile', "Only models on this machine's disk can be scanned.", {
          todo: 'Save the model to a folder first.',
        });
      planned = await this.plan(file, params.clean);
      const outcome = await this.perform(planned, signal, progress);
      await this.succeeded(planned, outcome);
      return { ok: true, outcome };
    } catch (error) {
      const failure = failureOf(planned ? planned.placed(error) : error);
      logFailure(this.host, failure, error);
      return { ok: false, failure };
    } finally {
      dispose();
      progress.done();
    }
  }

  private async plan(file: string, clean: ScanParams['clean']): Promise<Planned> {
    const config = CONFIG_FILE.is(file) ? file : clean ? undefined : await this.onlyConfigOf(file);
    const subject = config ?? file;
    const { settings, workspace } = this.host;
    const { dataFolders, backend, nativeEnginePath } = await settings.get(uriOf(subject));
    const root = workspace.rootOf(subject);
    // Another folder of the same workspace is no stranger's.
    const beyond = [...dataFolders, ...workspace.roots];
    const shared = {
      allowedFolders: [root, ...beyond],
      useCache: true,
      ...(nativeEnginePath && { nativeBinding: nativeEnginePath }),
    };
    if (config !== undefined) {
      const { folder, name, placed, ...inputs } = await scanInputs(config, { root, allowedFolders: beyond });
      return {
        subject,
        name,
        placed,
        request: { ...inputs, ...(backend && { backend }), out: { folder, name }, ...shared },
      };
    }
    if (!clean)
      throw badInput(
        'scan.noData',
        'No config names this model, so it is not known which clean images to scan it with.',
        { file, todo: 'Create a config for it, or give clean images and labels.' },
      );
    const folder = path.dirname(file);
    const name = modelName(file);
    const absolute = (written: string): string => path.resolve(folder, written);
    const files = withPaths(clean, absolute);
    return {
      subject,
      name,
      placed: (error) => placedWithoutConfig(error, { clean: files }),
      request: {
        model: file,
        clean: files,
        out: { folder, name },
        seed: 0,
        backend: backend ?? 'auto',
        threads: 1,
        ...shared,
      },
    };
  }

  /** @throws FinePruneError `scan.severalConfigs` */
  private async onlyConfigOf(model: string): Promise<string | undefined> {
    const { configs } = await this.host.workspace.files(this.host.workspace.rootOf(model));
    const [only, ...others] = await openConfigsNaming(this.board.snapshots, configs, model);
    if (others.length === 0) return only;
    throw badInput(
      'scan.severalConfigs',
      `${others.length + 1} configs name this model, so it is not known whose clean images to scan it with.`,
      { file: model, todo: 'Scan one of the configs.' },
    );
  }

  private async perform(
    { subject, name, request }: Planned,
    signal: AbortSignal,
    progress: WorkDoneProgressReporter,
  ): Promise<ScanOutcome> {
    const words = new ScanProgress();
    return await this.jobs.perform<ScanOutcome>({
      key: `scan of ${subject}`,
      name,
      signal,
      progress,
      starting: 'Starting the engine',
      onState: (state) => this.board.setScanning(subject, state),
      run: (ending, show) => {
        this.host.log.info(`Scanning ${request.model} for backdoors`);
        return startScan(request, {
          signal: ending,
          startedFrom: 'the editor',
          onEvent: (event) => {
            if (event.type === 'class') words.learn(event);
            if (event.type === 'plan') words.plan(event);
            if (event.type === 'progress') show(words.text(event), event.overall);
            else this.jobs.onEvent(event);
          },
        });
      },
    });
  }

  private async succeeded({ subject, name }: Planned, { report: { scan }, cached }: ScanOutcome): Promise<void> {
    this.host.log.info(`${name}: ${scan.sentence}${cached ? ' (An earlier scan of the same bytes.)' : ''}`);
    this.jobs.ended({
      of: 'scan',
      name,
      verdict: scan.word,
      sentence: scan.sentence,
      reportUri: uriOf(scanPathOf(subject)),
    });
    this.board.keep(subject);
    this.host.workspace.forget();
    await this.board.refresh(subject);
  }
}
