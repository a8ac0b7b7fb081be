import path from 'node:path';
import type { CancellationToken } from 'vscode-languageserver/node';
import { confinedPath } from '../../engine/files/confine';
import { InspectorProcess } from '../../jobs/inspector-process';
import { badInput, describeFailure, FinePruneError } from '../../protocol/errors';
import type { LayerChoice, ReportState, ScanData } from '../../protocol/messages/inspect';
import type { InspectSubject } from '../../protocol/messages/inspect-engine';
import { inversionOf } from '../../protocol/report/scan';
import {
  INSPECT_CHANGED,
  INSPECT_ENDED,
  INSPECT_PROGRESS,
  type InspectChanged,
  type InspectEnded,
  type InspectParams,
  type InspectProgress,
  type InspectResult,
} from '../../protocol/messages/lsp';
import { withSettings } from '../../protocol/report/run-settings';
import type { LastRun } from '../../language/report/run-state';
import { stillHolds } from '../../language/scan/state';
import type { Host } from '../host';
import { requestOf } from './runs';
import { requireTrust } from '../trust';
import type { Snapshots } from '../known/snapshots';
import { pathOf } from '../uris';
import { failureOf } from '../failure';
import { sameModel } from '../../protocol/model';

const CHANGED_AFTER_MS = 400;
/** Characters of a report's text that a page is handed: no run writes as many. */
const MOST_TEXT = 4000;

/** The activation inspector's questions: each is completed with what only the editor knows, and answered by one engine process. */
export class Inspections {
  private readonly engine: InspectorProcess;
  /** URIs of configs that were asked about, spelt as they were: whoever asked hears when their files change. */
  private readonly inspected = new Set<string>();
  private changing: NodeJS.Timeout | undefined;

  constructor(
    private readonly host: Host,
    private readonly snapshots: Snapshots,
  ) {
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
      requireTrust(this.host);
      const config = pathOf(configUri);
      if (!config)
        throw badInput('inspect.notAFile', "Only configs on this machine's disk can be inspected.", {
          todo: 'Save the config to a file first.',
        });
      this.inspected.add(configUri);
      const last = await this.snapshots.lastRunOnDisk(config);
      const defended = last ? await this.defendedBy(last, config) : null;
      const subject = await this.subjectOf(config, defended, last);
      const onProgress = (title: string, overall: number) =>
        void this.host.connection
          .sendNotification(INSPECT_PROGRESS, { token, title, overall } satisfies InspectProgress)
          .catch(() => undefined);
      const answer = await this.engine.ask(subject, query, { signal: cancelling.signal, onProgress });
      if (answer.kind === 'open')
        return {
          ok: true,
          answer: { ...answer, report: last ? stateOf(last, answer.layers, defended !== null) : null },
        };
      return {
        ok: true,
        answer: answer.kind === 'scan' ? { ...answer, found: await this.nearest(answer.found, config, last) } : answer,
      };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'engine')
        this.host.log.error(describeFailure(failure), error instanceof FinePruneError ? undefined : error);
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
      for (const configUri of this.inspected) {
        void this.host.connection
          .sendNotification(INSPECT_CHANGED, { configUri } satisfies InspectChanged)
          .catch(() => undefined);
      }
    }, CHANGED_AFTER_MS);
  }

  dispose(): void {
    clearTimeout(this.changing);
    this.engine.dispose();
  }

  private async subjectOf(
    config: string,
    defended: InspectSubject['defended'],
    last: LastRun | undefined,
  ): Promise<InspectSubject> {
    const { overrides, nativeBinding, root, allowedFolders } = await requestOf(this.host, config);
    return {
      config,
      allowedFolders,
      defended,
      repaired: last ? repairedBy(last) : null,
      ...(root && { root }),
      ...(overrides?.backend && { backend: overrides.backend }),
      ...(nativeBinding && { nativeBinding }),
    };
  }

  /**
   * The scan of this very model to show: the search that the trigger is from, the result beside the config, which a person can open, what
   * the engine found in the user's cache, and what the report of a run holds.
   */
  private async nearest(
    found: ScanData['found'],
    config: string,
    last: LastRun | undefined,
  ): Promise<ScanData['found']> {
    if (found?.source === 'trigger') return found;
    const scan = await this.snapshots.scanOnDisk(config);
    if (scan && stillHolds(scan))
      return { source: 'file', file: path.basename(pathOf(scan.uri) ?? ''), scan: scan.report.scan };
    if (found) return found;
    return last?.report.scan && !last.changed.includes('the model')
      ? { source: 'report', file: null, scan: last.report.scan }
      : null;
  }

  /** The model that a report vouches for: it is there and has the report's hashes, and so has the model that it was made from. */
  private async defendedBy({ report, changed }: LastRun, config: string): Promise<InspectSubject['defended']> {
    const { after } = report.model;
    if (!after || changed.includes('the model')) return null;
    try {
      const model = await confinedPath(
        path.dirname(config),
        after.path,
        { root: this.host.workspace.rootOf(config), folders: [] },
        'defended model',
      );
      return sameModel(await this.snapshots.models.hashes(model), after)
        ? { model, weights: after.weights, layer: report.layer.name, pruned: report.pruning.units }
        : null;
    } catch {
      // Gone or broken: then there is nothing to look into, and the answer says so.
      return null;
    }
  }
}

/** What a strategy pruned, as long as the report is about this model. */
function repairedBy({
  report: { provenance, layer, pruning, scan, trigger, model },
  changed,
}: LastRun): InspectSubject['repaired'] {
  const { strategy } = provenance.config;
  if (!strategy || !model.after || changed.includes('the model')) return null;
  // A strategy works against the trigger's class, or else the most suspicious one.
  const target = trigger?.target ?? scan?.suspects[0]?.target;
  const estimate = target === undefined ? null : ((scan && inversionOf(scan, target)?.estimate) ?? null);
  return {
    strategy,
    layer: layer.name,
    rule: pruning.rule,
    guide: target !== undefined && estimate ? { target, trigger: estimate } : null,
  };
}

/** A report may come from anywhere, and be about another model by now: what it says of units is compared with the layers that there are. */
function stateOf(
  { report: { verdict, layer, pruning }, changed, settings = [] }: LastRun,
  layers: readonly LayerChoice[],
  after: boolean,
): ReportState {
  const { units = 0 } = layers.find(({ name }) => name === layer.name) ?? {};
  const pruned = pruning.units.filter((unit) => unit < units);
  return {
    verdict: { word: verdict.word, sentence: cut(verdict.sentence) },
    changed: [...changed],
    layer: cut(layer.name),
    pruned,
    after,
    ...(settings.length > 0 && { settings: cut(withSettings(settings)) }),
  };
}

const cut = (text: string): string => text.slice(0, MOST_TEXT);
