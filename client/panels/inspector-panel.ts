import * as vscode from 'vscode';
import type { PruneChoice } from '../../server/language/config/edits';
import { namingFile } from '../../server/language/text/failure-text';
import { badInput, describeFailure, FinePruneError, type Failure } from '../../server/protocol/errors';
import type { LayerChoice, Overview } from '../../server/protocol/messages/inspect';
import {
  INSPECT_REQUEST,
  type InspectParams,
  type InspectResult,
  type InspectTarget,
} from '../../server/protocol/messages/lsp';
import {
  parseFromInspector,
  type FromInspector,
  type ToInspector,
} from '../../server/protocol/messages/inspector-view';
import { readLayer, writeChoice } from '../config/edits';
import { type LanguageServer } from '../language/server';
import { runName } from '../run/runs';
import { reportOf } from '../ui/open';
import { compact } from './compact';
import { saveExport } from './export';
import { Panel } from './panel';
import { failureOf } from './faults';

export const INSPECTOR = 'finePrune.inspector';

export interface InspectorContext {
  server: LanguageServer;
  log: vscode.LogOutputChannel;
  extensionUri: vscode.Uri;
}

/** Entries that a panel remembers for tests. */
const REMEMBERED = 200;

/** Numbers requests over all panels, so that their progress finds its way back. */
let lastToken = 0;

/** The activation inspector of one config. */
export class InspectorPanel extends Panel<FromInspector, ToInspector> {
  private readonly asked = new Map<number, vscode.CancellationTokenSource>();
  private readonly tokens = new Map<number, number>();
  private target: InspectTarget | undefined;
  /** What the engine has found: what the page wants to have written has to fit it. */
  private overview: Overview | undefined;
  /** The layer that the config prunes when it names none; undefined while that is not known. */
  private byDefault: string | undefined;
  /** Kinds of the last questions that were answered, for tests. */
  readonly answered: string[] = [];
  /** Codes of the last failures that the page was told, for tests. */
  readonly refused: string[] = [];

  constructor(
    panel: vscode.WebviewPanel,
    readonly config: vscode.Uri,
    private readonly context: InspectorContext,
    target?: InspectTarget,
  ) {
    super(panel, { ...context, title: panel.title, page: 'inspector', parse: parseFromInspector });
    this.target = target;
    const here = config.toString();
    this.track(
      context.server.onInspect({
        progress: ({ token, title, overall }) => {
          const id = this.tokens.get(token);
          if (id !== undefined) this.send({ type: 'progress', id, title, overall });
        },
        ended: ({ failure }) => this.ready && this.send({ type: 'engine-ended', failure }),
        changed: ({ configUri }) => configUri === here && this.ready && this.send({ type: 'changed' }),
      }),
    );
    let lost = false;
    this.track(
      context.server.onDidChangeState((state) => {
        // A server that was started again does not know who looks at what: the page asks again, and then it does.
        if (state === 'running' && lost && this.ready) this.send({ type: 'changed' });
        lost = state === 'stopped' || (lost && state !== 'running');
      }),
    );
    this.track(vscode.workspace.onDidGrantWorkspaceTrust(() => this.ready && this.send({ type: 'trusted' })));
    this.track(new vscode.Disposable(() => this.cancelAll()));
  }

  /** Shows the panel, and goes to a layer or unit of its model when one is named. */
  goTo(target: InspectTarget = {}): void {
    this.reveal();
    if (target.layer === undefined && target.unit === undefined) return;
    if (this.ready) this.send({ type: 'reveal', ...target });
    else this.target = target;
  }

  protected override onReady(): void {
    // A page that was made again (its tab moved to another group) asks again; nobody waits for its earlier questions.
    this.cancelAll();
    this.send({
      type: 'init',
      configUri: this.config.toString(),
      name: runName(this.config),
      trusted: vscode.workspace.isTrusted,
      reveal: this.target ?? null,
    });
    this.target = undefined;
  }

  protected override onHidden(): void {
    this.cancelAll();
  }

  protected override onMessage(message: FromInspector): void {
    void this.act(message).catch((error: unknown) => {
      const known = error instanceof FinePruneError;
      this.context.log.error(
        known ? describeFailure(error) : error instanceof Error ? (error.stack ?? error.message) : String(error),
      );
      this.send({
        type: 'told',
        message: known ? [namingFile(error), error.todo].filter(Boolean).join(' ') : String(error),
        failed: true,
      });
    });
  }

  private async act(message: FromInspector): Promise<void> {
    switch (message.type) {
      case 'query':
        return await this.ask(message.id, message.query);
      case 'cancel':
        return this.asked.get(message.id)?.cancel();
      case 'use-ratio': {
        const { name, units } = this.layer(message.layer);
        if (message.units !== units || message.count > units)
          throw badInput('inspect.noSuchUnit', `Layer "${name}" has ${units} units, not ${message.units}.`, {
            todo: 'Refresh the inspector.',
          });
        return await this.write({ layer: name, count: message.count, units });
      }
      case 'prune-units': {
        const { name, units } = this.layer(message.layer);
        const outside = message.units.find((unit) => unit >= units);
        if (outside !== undefined)
          throw badInput(
            'inspect.noSuchUnit',
            `Layer "${name}" has no unit ${outside}: it has ${units}, 0 to ${units - 1}.`,
            { todo: 'Refresh the inspector.' },
          );
        if (message.units.length === 0)
          throw badInput('inspect.noUnits', 'No unit is selected, so nothing was written.', {
            todo: 'Select the units to prune.',
          });
        return await this.write({ layer: name, units: message.units });
      }
      case 'export': {
        const saved = await saveExport(this.config, message);
        if (saved) this.send({ type: 'told', failed: false, message: saved });
        return;
      }
      case 'command':
        return await COMMANDS[message.command](this.config);
      case 'fault':
        return this.context.log.error(`inspector: ${message.message}`);
      case 'ready':
        return;
    }
  }

  private async ask(id: number, query: InspectParams['query']): Promise<void> {
    const source = new vscode.CancellationTokenSource();
    const token = ++lastToken;
    this.asked.get(id)?.cancel();
    this.asked.set(id, source);
    this.tokens.set(token, id);
    const result = await this.context.server
      .request<InspectResult>(
        INSPECT_REQUEST,
        { configUri: this.config.toString(), query, token } satisfies InspectParams,
        source.token,
      )
      .catch((error: unknown): InspectResult => ({
        ok: false,
        failure: source.token.isCancellationRequested ? CANCELLED : failureOf(error),
      }));
    if (result.ok && result.answer.kind === 'open') await this.learn(result.answer);
    this.tokens.delete(token);
    source.dispose();
    if (this.asked.get(id) !== source) return;
    this.asked.delete(id);
    if (result.ok) {
      remember(this.answered, result.answer.kind);
      this.send({ type: 'answer', id, answer: compact(result.answer) });
    } else {
      remember(this.refused, result.failure.code);
      this.send({ type: 'refused', id, failure: result.failure });
    }
  }

  /** The engine tells the layer that it would prune; that is the default one only where the config names none. */
  private async learn(overview: Overview): Promise<void> {
    this.overview = overview;
    this.byDefault = (await readLayer(this.config)) === undefined ? overview.chosen || undefined : undefined;
  }

  private layer(name: string): LayerChoice {
    const layer = this.overview?.layers.find((one) => one.name === name);
    if (!layer)
      throw badInput('inspect.noSuchLayer', `The model has no layer "${name}" to prune, so nothing was written.`, {
        todo: 'Refresh the inspector.',
      });
    return layer;
  }

  private async write(choice: PruneChoice): Promise<void> {
    const { strategy } = this.overview!;
    if (strategy)
      throw badInput(
        'inspect.strategy',
        `The strategy "${strategy}" chooses on its own what to prune, so nothing was written.`,
        { todo: 'Use the strategy "fine-pruning" to choose it yourself.' },
      );
    this.send({ type: 'told', failed: false, message: await writeChoice(this.config, choice, this.byDefault) });
  }

  private cancelAll(): void {
    for (const source of this.asked.values()) source.cancel();
    this.asked.clear();
    this.tokens.clear();
  }
}

const COMMANDS: Record<Extract<FromInspector, { type: 'command' }>['command'], (config: vscode.Uri) => Thenable<void>> =
  {
    'show-log': () => vscode.commands.executeCommand('finePrune.showLog'),
    'open-config': (config) =>
      vscode.window
        .showTextDocument(config, { preview: false, viewColumn: vscode.ViewColumn.One })
        .then(() => undefined),
    'open-report': (config) => vscode.commands.executeCommand('finePrune.openReport', reportOf(config)),
    run: (config) => vscode.commands.executeCommand('finePrune.run', config),
    scan: (config) => vscode.commands.executeCommand('finePrune.scan', config),
    'open-scan': (config) => vscode.commands.executeCommand('finePrune.openScan', config),
    'manage-trust': () => vscode.commands.executeCommand('workbench.trust.manage'),
  };

const CANCELLED: Failure = { kind: 'cancelled', code: 'cancelled', message: 'Cancelled.' };

function remember(list: string[], entry: string): void {
  list.push(entry);
  if (list.length > REMEMBERED) list.shift();
}
