import * as vscode from 'vscode';
import { badInput, FinePruneError } from '../../server/protocol/errors';
import type { ScanAnswer, ScanParams } from '../../server/protocol/messages/lsp';
import { existingConfig, hasConfig, prepare } from '../config/new-config';
import { dataFor } from '../config/questions';
import { runName } from '../run/runs';
import { notify, notifyFailure, SHOW_LOG, unbroken, type Action } from '../ui/notify';
import { baseName, isConfig, isModel, isScan, toUri, modelName } from '../ui/open';
import { explain, isAllowed, type CommandContext } from './context';
import { pickFile } from './pick';
import { save } from './run';
import { scannedBy } from './scanned';
import {
  CONFIG_FILE,
  MODEL_FORM,
  MODEL_OR_CONFIG_EXTENSIONS,
  OFFERED_MODELS,
  anyOf,
} from '../../server/protocol/files';

/** What is scanned: a config's model, or a model by itself with clean data. */
interface Plan {
  subject: vscode.Uri;
  name: string;
  clean?: ScanParams['clean'];
}

/** What became of one scan, for whoever called the command from code. */
export interface FinishedScan {
  uri: string;
  /** Undefined when the server went down. */
  result: ScanAnswer | undefined;
}

/**
 * `finePrune.scan`: from the Explorer (file, all selected files), a lens, the editor title, or the palette. No config is needed: a model
 * that none names is scanned with the data set that fits it, asked for where there are several. Cancelling a question leaves nothing.
 */
export async function scan(context: CommandContext, first?: unknown, selection?: unknown): Promise<FinishedScan[]> {
  if (!isAllowed('scan a model', 'the workspace decides what a scan reads and computes')) return [];
  const plans: Plan[] = [];
  for (const file of await targets(first, selection)) {
    const plan = await planFor(file, context);
    if (!plan) return [];
    plans.push(plan);
  }
  return await scanAll(context, [...new Map(plans.map((plan) => [plan.subject.toString(), plan])).values()]);
}

async function targets(first: unknown, selection: unknown): Promise<vscode.Uri[]> {
  const given = Array.isArray(selection) && selection.length > 0 ? selection : [first];
  const uris = given.map(toUri).filter((uri) => uri !== undefined);
  const isOurs = (uri: vscode.Uri): boolean => isConfig(uri) || isModel(uri) || isScan(uri);
  if (uris.length > 0) {
    const ours = uris.filter(isOurs);
    if (ours.length === 0)
      throw badInput(
        'scan.notAModel',
        `${uris.map(baseName).join(', ')}: expected a ${MODEL_FORM} or a ${CONFIG_FILE.pattern}.`,
      );
    return ours;
  }
  const active = vscode.window.activeTextEditor?.document.uri;
  const chosen = await pickFile(
    anyOf(...OFFERED_MODELS, CONFIG_FILE.pattern),
    'Fine-Prune: scan which model?',
    { 'Model or config': MODEL_OR_CONFIG_EXTENSIONS },
    active && isOurs(active) ? active : undefined,
  );
  return chosen ? [chosen] : [];
}

/** Undefined: the person has cancelled. @throws FinePruneError when the model can't be scanned, with the reason */
async function planFor(file: vscode.Uri, { server }: CommandContext): Promise<Plan | undefined> {
  const subject = isScan(file) ? await scannedBy(file) : file;
  if (isConfig(subject)) return { subject, name: runName(subject) };
  const prepared = await prepare(subject, server);
  if (hasConfig(prepared)) {
    const config = await existingConfig(prepared, 'scan');
    return config && { subject: config, name: runName(config) };
  }
  if (!prepared.model)
    throw new FinePruneError(
      prepared.failure ?? {
        kind: 'input',
        code: 'model.unknown',
        message: 'This file is not a model that can be scanned.',
        file: subject.fsPath,
      },
    );
  const name = modelName(subject);
  const data = await dataFor(subject, prepared.dataSets, name);
  return data && { subject, name, clean: data.train };
}

async function scanAll(context: CommandContext, plans: Plan[]): Promise<FinishedScan[]> {
  for (const { subject } of plans) if (isConfig(subject)) await save(subject);
  const waiting = plans.filter(({ subject }) => !context.runs.isScanning(subject));
  if (waiting.length < plans.length) {
    const names = plans
      .filter((plan) => !waiting.includes(plan))
      .map(({ name }) => name)
      .join(', ');
    notify('information', `Fine-Prune: ${names} is already being scanned.`, {
      title: 'Cancel Run',
      run: () => vscode.commands.executeCommand('finePrune.cancel'),
    });
  }
  const single = waiting.length === 1;
  const finished = await Promise.all(
    waiting.map(async ({ subject, name, clean }): Promise<FinishedScan> => {
      const uri = subject.toString();
      try {
        const result = await context.runs.scan(subject, name, clean);
        if (single) tell(subject, name, result);
        return { uri, result };
      } catch (error) {
        if (single) explain(error, context.log);
        else context.log.error(String(error));
        return { uri, result: undefined };
      }
    }),
  );
  if (finished.length > 1) summarise(finished);
  return finished;
}

/** The server has logged the end of the scan; this tells the person. */
function tell(subject: vscode.Uri, name: string, result: ScanAnswer): void {
  if (!result.ok) {
    notifyFailure(
      result.failure,
      isConfig(subject)
        ? { title: 'Show Config', run: () => vscode.commands.executeCommand('finePrune.showConfig', subject) }
        : undefined,
    );
    return;
  }
  const { report, file } = result.outcome;
  const isSuspicious = report.scan.word === 'suspicious';
  const show: Action[] =
    file === null
      ? []
      : [
          {
            title: 'Show Result',
            run: () => vscode.commands.executeCommand('finePrune.openScan', vscode.Uri.file(file)),
          },
        ];
  const repair: Action[] = isSuspicious
    ? [{ title: 'Repair …', run: () => vscode.commands.executeCommand('finePrune.repair', subject) }]
    : [];
  const advice = report.scan.advice && report.scan.evidence.length > 0 ? ` ${report.scan.advice.sentence}` : '';
  notify(
    report.scan.word === 'nothing found' && !advice ? 'information' : 'warning',
    `${name}: ${unbroken(report.scan.sentence + advice)}`,
    ...show,
    ...repair,
  );
}

/** One message for many scans; what each of them found is in its file, in the Problems panel and in the log. */
function summarise(finished: FinishedScan[]): void {
  const words = finished.map(({ result }) =>
    !result
      ? 'failed'
      : result.ok
        ? result.outcome.report.scan.word
        : result.failure.kind === 'cancelled'
          ? 'cancelled'
          : 'failed',
  );
  const counts = [...new Set(words)].map((word) => `${words.filter((one) => one === word).length} ${word}`).join(', ');
  const isBad = words.some((word) => ['suspicious', 'not measurable', 'failed'].includes(word));
  notify(
    isBad ? 'warning' : 'information',
    `Fine-Prune: ${finished.length} scans: ${counts}.`,
    { title: 'Show Problems', run: () => vscode.commands.executeCommand('workbench.actions.view.problems') },
    SHOW_LOG,
  );
}
