import * as vscode from 'vscode';
import { badInput } from '../../server/protocol/errors';
import type { InspectTarget } from '../../server/protocol/messages/lsp';
import { MOST_NAMED_UNITS } from '../../server/protocol/shape/shape';
import { carryOut, existingConfig, hasConfig, planFor, prepare } from '../config/new-config';
import { notify } from '../ui/notify';
import { activeFile, baseName, configOf, exists, isConfig, isModel, isReport, toUri } from '../ui/open';
import { isAllowed, type CommandContext } from './context';
import { pickFile } from './pick';
import {
  CONFIG_FILE,
  MODEL_FORM,
  MODEL_OR_CONFIG_EXTENSIONS,
  OFFERED_MODELS,
  REPORT_FILE,
  anyOf,
} from '../../server/protocol/files';

/**
 * `finePrune.inspect`: opens the activation inspector of a config; for a model, of the config that names it; for a report, of the config
 * that it belongs to. A model without a config gets one first, after the questions that this needs.
 * @param target where in the model to go
 */
export async function inspect(context: CommandContext, first?: unknown, target?: unknown): Promise<void> {
  const file =
    toUri(first) ??
    activeFile() ??
    (await pickFile(anyOf(CONFIG_FILE.pattern, ...OFFERED_MODELS), 'Fine-Prune: inspect which model or config?', {
      'Model or config': MODEL_OR_CONFIG_EXTENSIONS,
    }));
  if (!file) return;
  const config = await configFor(file, context);
  if (config) context.inspectors.open(config, targetOf(target));
}

async function configFor(file: vscode.Uri, { server }: CommandContext): Promise<vscode.Uri | undefined> {
  if (isConfig(file)) return file;
  if (isReport(file)) {
    const config = configOf(file);
    if (await exists(config)) return config;
    notify(
      'information',
      `Fine-Prune: the config of ${vscode.workspace.asRelativePath(file)} is missing, so its model can't be inspected.`,
    );
    return undefined;
  }
  if (!isModel(file))
    throw badInput(
      'inspect.notAModel',
      `${baseName(file)}: expected a ${MODEL_FORM}, a ${CONFIG_FILE.pattern} or a ${REPORT_FILE.pattern}.`,
      { file: file.fsPath },
    );
  if (!vscode.workspace.isTrusted) {
    const prepared = await prepare(file, server);
    if (hasConfig(prepared)) return await existingConfig(prepared, 'inspect');
    isAllowed('create a config for this model');
    return undefined;
  }
  const plan = await planFor(file, server, 'inspect');
  return plan && (await carryOut(plan, server));
}

/** Arguments of a command may come from anywhere. The Explorer passes its selection as the second one. */
function targetOf(value: unknown): InspectTarget | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { layer, unit } = value as Record<string, unknown>;
  return {
    ...(typeof layer === 'string' && { layer }),
    ...(typeof unit === 'number' && Number.isInteger(unit) && unit >= 0 && unit < MOST_NAMED_UNITS && { unit }),
  };
}
