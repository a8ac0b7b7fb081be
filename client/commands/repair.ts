import { findNodeAtLocation } from 'jsonc-parser';
import path from 'node:path';
import * as vscode from 'vscode';
import type { RepairChoice } from '../../server/language/config/edits';
import { rootOf } from '../../server/language/text/json-edits';
import { badInput, FinePruneError } from '../../server/protocol/errors';
import { writeRepair } from '../config/edits';
import { carryOut, existingConfig, hasConfig, prepare } from '../config/new-config';
import { dataFor } from '../config/questions';
import { notify } from '../ui/notify';
import { activeFile, baseName, isConfig, isModel, isScan, toUri, modelName } from '../ui/open';
import { isAllowed, type CommandContext } from './context';
import { pickFile } from './pick';
import { scannedBy } from './scanned';
import {
  CONFIG_FILE,
  MODEL_FORM,
  MODEL_OR_CONFIG_EXTENSIONS,
  OFFERED_MODELS,
  anyOf,
} from '../../server/protocol/files';

/**
 * `finePrune.repair`: makes a config ask for a repair whose trigger is estimated and whose strategy is chosen by itself; a model without one
 * gets it. Nothing is run before the person says so.
 */
export async function repair(context: CommandContext, target?: unknown): Promise<void> {
  if (!isAllowed('repair a model')) return;
  const given =
    toUri(target) ??
    activeFile() ??
    (await pickFile(anyOf(CONFIG_FILE.pattern, ...OFFERED_MODELS), 'Fine-Prune: repair which model?', {
      'Model or config': MODEL_OR_CONFIG_EXTENSIONS,
    }));
  if (!given) return;
  const file = isScan(given) ? await scannedBy(given) : given;
  if (!isConfig(file) && !isModel(file))
    throw badInput('repair.notAModel', `${baseName(file)}: expected a ${MODEL_FORM} or a ${CONFIG_FILE.pattern}.`, {
      file: file.fsPath,
    });
  const done = await configFor(file, context);
  if (!done) return;
  await vscode.window.showTextDocument(done.config, { preview: false });
  notify('information', `Fine-Prune: ${done.told}`, {
    title: 'Fine-Prune Model',
    run: () => vscode.commands.executeCommand('finePrune.run', done.config),
  });
}

/** Undefined: the person has cancelled. */
async function configFor(
  file: vscode.Uri,
  { server }: CommandContext,
): Promise<{ config: vscode.Uri; told: string } | undefined> {
  if (isConfig(file)) return await edited(file);
  const prepared = await prepare(file, server);
  if (hasConfig(prepared)) {
    const config = await existingConfig(prepared, 'repair');
    return config && (await edited(config));
  }
  if (!prepared.model)
    throw new FinePruneError(
      prepared.failure ?? {
        kind: 'input',
        code: 'model.unknown',
        message: 'This file is not a model that can be repaired.',
        file: file.fsPath,
      },
    );
  const data = await dataFor(file, prepared.dataSets, modelName(file));
  if (!data) return undefined;
  const config = await carryOut(
    {
      model: file,
      params: {
        model: path.basename(file.fsPath),
        train: data.train,
        test: data.test,
        trigger: 'inverted',
        strategy: 'auto',
      },
    },
    server,
  );
  return { config, told: `${baseName(config)} now estimates the trigger and tries the repairs one after another.` };
}

async function edited(config: vscode.Uri): Promise<{ config: vscode.Uri; told: string }> {
  // Opened first: what is then written is one edit, which undo takes back, and is left to be saved.
  const document = await vscode.workspace.openTextDocument(config);
  await vscode.window.showTextDocument(document, { preview: false });
  const choice = lacking(document.getText());
  return {
    config,
    told:
      choice.trigger || choice.strategy
        ? await writeRepair(config, choice)
        : `${baseName(config)} already asks for a repair.`,
  };
}

/** What a config has to say for a repair and does not; a trigger that is known stays, and so does a strategy that was chosen. */
function lacking(text: string): RepairChoice {
  const root = rootOf(text);
  const valueOf = (field: string): unknown => root && findNodeAtLocation(root, [field])?.value;
  const hasTrigger = root && findNodeAtLocation(root, ['trigger'])?.type === 'object';
  const strategy = valueOf('strategy');
  return {
    ...(!hasTrigger && valueOf('trigger') !== 'inverted' && { trigger: 'inverted' as const }),
    ...((strategy === undefined || strategy === 'fine-pruning') && { strategy: 'auto' as const }),
  };
}
