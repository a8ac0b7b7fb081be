import path from 'node:path';
import type { CancellationToken } from 'vscode-languageserver/node';
import { confinedPath } from '../engine/files/confine';
import { InspectorProcess } from '../jobs/inspector-process';
import { badInput, describeFailure, FinePruneError } from '../protocol/errors';
import type { EngineAnswer, InspectAnswer, InspectSubject, ReportState } from '../protocol/inspect';
import { INSPECT_CHANGED, INSPECT_ENDED, INSPECT_PROGRESS, type InspectChanged, type InspectEnded, type InspectParams, type InspectProgress, type InspectResult } from '../protocol/lsp';
import type { LastRun } from '../language/run-state';
import type { Host } from './host';
import { failureOf, requestOf, untrusted } from './runs';
import type { Snapshots } from './snapshots';
import { pathOf, uriOf } from './uris';

const CHANGED_AFTER_MS = 400;

/** The activation inspector's questions: each is completed with what only the editor knows, and answered by one engine process. */
export class Inspections {
  private readonly engine: InspectorProcess;
  /** Configs that were asked about: whoever asked hears when their files change. */
  private readonly inspected = new Set<string>();
  private changing: NodeJS.Timeout | undefined;
  private engineSettings = '';

  constructor(private readonly host: Host, private readonly snapshots: Snapshots) {
    this.engine = new InspectorProcess({
      onEnded: (failure) => {
        host.log.error(`The inspector's engine ended: ${describeFailure(failure)}`);
        void host.connection.sendNotification(INSPECT_ENDED, { failure } satisfies InspectEnded).catch(() => undefined);
      },
      onLog: (level, message) => host.log[level](message),
    });
  }

  /** A failure is an answer, not an error. */
  async inspect({ configUri, query, token }: InspectParams, cancellation: CancellationToken): Promise<InspectResult> {
    const cancelling = new AbortController();
    const listening = cancellation.onCancellationRequested(() => cancelling.abort());
    if (cancellation.isCancellationRequested) cancelling.abort();
    try {
      if (!this.host.trusted) throw untrusted();
      const config = pathOf(configUri);
      if (!config) throw badInput('inspect.notAFile', 'Only configs on this machine\'s disk can be inspected.', { todo: 'Save the config to a file first.' });
      this.inspected.add(config);
      const last = (await this.snapshots.ofConfig(config))?.last;
      const { defended, report } = await this.reportState(config, last);
      const subject = await this.subjectOf(config, defended);
      const onProgress = (title: string, overall: number) =>
        void this.host.connection.sendNotification(INSPECT_PROGRESS, { token, title, overall } satisfies InspectProgress).catch(() => undefined);
      const answer = await this.ask(subject, query, cancelling.signal, onProgress);
      return { ok: true, answer: complete(answer, report) };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'engine') this.host.log.error(describeFailure(failure), error instanceof FinePruneError ? undefined : error);
      return { ok: false, failure };
    } finally {
      listening.dispose();
    }
  }

  /** Files changed on the disk, or a run has ended. */
  filesChanged(): void {
    if (this.inspected.size === 0) return;
    clearTimeout(this.changing);
    this.changing = setTimeout(() => {
      for (const config of this.inspected) {
        void this.host.connection.sendNotification(INSPECT_CHANGED, { configUri: uriOf(config) } satisfies InspectChanged).catch(() => undefined);
      }
    }, CHANGED_AFTER_MS);
  }

  dispose(): void {
    clearTimeout(this.changing);
    this.engine.dispose();
  }

  private async ask(subject: InspectSubject, query: InspectParams['query'], signal: AbortSignal, onProgress: (title: string, overall: number) => void): Promise<EngineAnswer> {
    // A process chooses its backend once: other settings need another process.
    const settings = JSON.stringify([subject.backend, subject.nativeBinding]);
    if (settings !== this.engineSettings) this.engine.stop();
    this.engineSettings = settings;
    try {
      return await this.engine.ask(subject, query, { signal, onProgress });
    } catch (error) {
      if (!(error instanceof FinePruneError) || error.code !== 'inspect.backend') throw error;
      this.engine.stop();
      return await this.engine.ask(subject, query, { signal, onProgress });
    }
  }

  private async subjectOf(config: string, defended: InspectSubject['defended']): Promise<InspectSubject> {
    const { overrides, nativeBinding, root, allowedFolders } = await requestOf(this.host, config);
    return { config, allowedFolders, defended, ...(root && { root }), ...(overrides?.backend && { backend: overrides.backend }), ...(nativeBinding && { nativeBinding }) };
  }

  /** The report beside the config, and the model that it vouches for: one that is there and has the report's hashes. */
  private async reportState(config: string, last: LastRun | undefined): Promise<{ report: ReportState | null; defended: InspectSubject['defended'] }> {
    if (!last) return { report: null, defended: null };
    const { report, changed } = last;
    const { after } = report.model;
    let defended: InspectSubject['defended'] = null;
    if (after && !changed.includes('the model')) {
      try {
        const folder = path.dirname(config);
        const model = await confinedPath(folder, after.path, { root: this.host.workspace.rootOf(config), folders: [] }, 'defended model');
        const { topology, weights } = await this.snapshots.models.hashes(model);
        if (topology === after.topology && weights === after.weights) defended = { model, weights, layer: report.layer.name, pruned: report.pruning.units };
      } catch (error) {
        this.host.log.info(`The defended model is not looked into: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    const { verdict, layer, pruning } = report;
    return { report: { verdict: { word: verdict.word, sentence: verdict.sentence }, changed: [...changed], layer: layer.name, pruned: pruning.units, after: defended !== null }, defended };
  }
}

function complete(answer: EngineAnswer, report: ReportState | null): InspectAnswer {
  return answer.kind === 'open' ? { ...answer, report } : answer;
}
