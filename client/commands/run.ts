import * as vscode from 'vscode';
import { badInput } from '../../server/protocol/errors';
import type { RunResult } from '../../server/protocol/messages/lsp';
import type { DefenseReport } from '../../server/protocol/report/report';
import { beforeAfterLine, verdictSeverity } from '../../server/language/text/report-text';
import { carryOut, planFor, type Plan } from '../config/new-config';
import { runName } from '../run/runs';
import { notify, notifyFailure, SHOW_LOG, unbroken, type Action } from '../ui/notify';
import { activeFile, baseName, isConfig, isModel, toUri } from '../ui/open';
import { explain, isAllowed, type CommandContext } from './context';
import { pickFile } from './pick';
import {
  CONFIG_FILE,
  MODEL_FORM,
  MODEL_OR_CONFIG_EXTENSIONS,
  OFFERED_MODELS,
  anyOf,
} from '../../server/protocol/files';
import { capital } from '../../server/protocol/words';

/** What became of one run, for whoever called the command from code. */
export interface FinishedRun {
  configUri: string;
  /** Undefined when the server went down. */
  result: RunResult | undefined;
}

/**
 * `finePrune.run`: from the Explorer (file, all selected files), a lens (config URI), the editor title, or the palette.
 * Every question comes before anything is written or started; cancelling any of them leaves nothing.
 */
export async function run(context: CommandContext, first?: unknown, selection?: unknown): Promise<FinishedRun[]> {
  if (!isAllowed('run a defense')) return [];
  const files = await targets(first, selection);
  const plans: Plan[] = [];
  for (const file of files) {
    const plan = isConfig(file) ? { config: file } : await planFor(file, context.server);
    if (!plan) return [];
    plans.push(plan);
  }
  const configs: vscode.Uri[] = [];
  for (const plan of plans) configs.push(await carryOut(plan, context.server));
  return await runAll(context, unique(configs));
}

async function targets(first: unknown, selection: unknown): Promise<vscode.Uri[]> {
  const given = Array.isArray(selection) && selection.length > 0 ? selection : [first];
  const uris = given.map(toUri).filter((uri) => uri !== undefined);
  if (uris.length > 0) {
    const ours = uris.filter((uri) => isConfig(uri) || isModel(uri));
    if (ours.length === 0)
      throw badInput(
        'run.notAModel',
        `${uris.map(baseName).join(', ')}: expected a ${MODEL_FORM} or a ${CONFIG_FILE.pattern}.`,
      );
    return ours;
  }
  const active = activeFile();
  const looked = active && (isConfig(active) || isModel(active)) ? active : undefined;
  const chosen = await pickFile(
    anyOf(...OFFERED_MODELS, CONFIG_FILE.pattern),
    'Fine-Prune: which model or config?',
    { 'Model or config': MODEL_OR_CONFIG_EXTENSIONS },
    looked,
  );
  return chosen ? [chosen] : [];
}

const unique = (uris: vscode.Uri[]): vscode.Uri[] => [...new Map(uris.map((uri) => [uri.toString(), uri])).values()];

/**
 * The engine reads the file: what is run must be what is seen.
 * @throws FinePruneError when a config that was edited can't be saved
 */
export async function save(config: vscode.Uri): Promise<void> {
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === config.toString());
  if (!document?.isDirty || (await document.save())) return;
  throw badInput(
    'run.notSaved',
    `${baseName(config)} could not be saved, so it was not run: the run would use the version on disk, not the one you see.`,
    { file: config.fsPath, todo: 'Save the file, then run again.' },
  );
}

async function runAll(context: CommandContext, configs: vscode.Uri[]): Promise<FinishedRun[]> {
  // Before the check below, and nothing awaited after it: two clicks in a row must not start one config twice.
  for (const config of configs) await save(config);
  const waiting = configs.filter((config) => !context.runs.isActive(config));
  if (waiting.length < configs.length) {
    const names = configs
      .filter((config) => context.runs.isActive(config))
      .map(runName)
      .join(', ');
    notify('information', `Fine-Prune: ${names} is already running.`, {
      title: 'Cancel Run',
      run: () => vscode.commands.executeCommand('finePrune.cancel'),
    });
  }
  const single = waiting.length === 1;
  const finished = await Promise.all(
    waiting.map(async (config): Promise<FinishedRun> => {
      const configUri = config.toString();
      try {
        const result = await context.runs.run(config);
        if (single) tell(config, result);
        return { configUri, result };
      } catch (error) {
        if (single) explain(error, context.log);
        else context.log.error(String(error));
        return { configUri, result: undefined };
      }
    }),
  );
  if (finished.length > 1) summarise(finished);
  return finished;
}

/** A verdict that a person has to do something about. */
const isBad = ({ verdict }: DefenseReport): boolean => verdictSeverity(verdict.word) !== 'information';

const showConfig = (config: vscode.Uri): Action => ({
  title: 'Show Config',
  run: () => vscode.commands.executeCommand('finePrune.showConfig', config),
});

/** The server has logged the end of the run; this tells the person. */
function tell(config: vscode.Uri, result: RunResult): void {
  if (!result.ok) {
    notifyFailure(result.failure, showConfig(config));
    return;
  }
  const { report, files } = result.outcome;
  const openReport: Action = {
    title: 'Open Report as JSON',
    run: () => vscode.commands.executeCommand('finePrune.openReport', vscode.Uri.file(files.report)),
  };
  const inspect: Action = {
    title: 'Inspect',
    run: () => vscode.commands.executeCommand('finePrune.inspect', config, { layer: report.layer.name }),
  };
  notify(
    isBad(report) ? 'warning' : 'information',
    `${runName(config)}: ${report.verdict.word}. ${unbroken(capital(beforeAfterLine(report)))}.`,
    openReport,
    inspect,
    showConfig(config),
  );
}

/** One message for many runs; each run's own figures are in its files, in the Problems panel and in the log. */
function summarise(finished: FinishedRun[]): void {
  const words = new Map<string, number>();
  let bad = false;
  for (const { result } of finished) {
    const word = !result
      ? 'failed'
      : result.ok
        ? result.outcome.report.verdict.word
        : result.failure.kind === 'cancelled'
          ? 'cancelled'
          : 'failed';
    words.set(word, (words.get(word) ?? 0) + 1);
    bad ||= word === 'failed' || (result?.ok === true && isBad(result.outcome.report));
  }
  const counts = [...words].map(([word, count]) => `${count} ${word}`).join(', ');
  const actions: Action[] = [
    { title: 'Show Problems', run: () => vscode.commands.executeCommand('workbench.actions.view.problems') },
    SHOW_LOG,
  ];
  notify(bad ? 'warning' : 'information', `Fine-Prune: ${finished.length} runs: ${counts}.`, ...actions);
}
