import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { FinePruneError } from '../../server/protocol/errors';
import {
  CONFIG_TEXT_REQUEST,
  PREPARE_REQUEST,
  type ConfigTextParams,
  type PrepareParams,
  type PrepareResult,
} from '../../server/protocol/messages/lsp';
import type { LanguageServer } from '../language/server';
import { refuseLinksOutside } from './confined';
import { ask } from './questions';
import { CONFIG_FILE } from '../../server/protocol/files';
import { modelName } from '../ui/open';

/** A config that exists, or one that would be written. */
export type Plan = { config: vscode.Uri } | { model: vscode.Uri; params: ConfigTextParams };

/** What a config is looked for, as the question says it. */
export type Purpose = 'run' | 'inspect' | 'scan' | 'repair';

/**
 * Finds the config that defends a model, or asks for what a new one needs. Writes nothing.
 * @returns undefined when the person has cancelled
 * @throws FinePruneError when the model can't be defended, with the reason
 */
export async function planFor(
  model: vscode.Uri,
  server: LanguageServer,
  purpose: Purpose = 'run',
): Promise<Plan | undefined> {
  const prepared = await prepare(model, server);
  if (hasConfig(prepared)) {
    const config = await existingConfig(prepared, purpose);
    return config && { config };
  }
  if (!prepared.model) {
    throw new FinePruneError(
      prepared.failure ?? {
        kind: 'input',
        code: 'model.unknown',
        message: 'This file is not a model that can be defended.',
        file: model.fsPath,
      },
    );
  }
  const answers = await ask(model, prepared, modelName(model));
  return answers && { model, params: { model: path.basename(model.fsPath), ...answers } };
}

export const hasConfig = ({ existingConfigUri, existingConfigUris }: PrepareResult): boolean =>
  existingConfigUri !== undefined || existingConfigUris !== undefined;

/** The config that names a model. Where several do, only the person knows which one is meant. Undefined: none, or cancelled. */
export async function existingConfig(
  { existingConfigUri, existingConfigUris }: PrepareResult,
  purpose: Purpose,
): Promise<vscode.Uri | undefined> {
  if (existingConfigUris)
    return await chooseConfig(
      existingConfigUris.map((uri) => vscode.Uri.parse(uri, true)),
      purpose,
    );
  return existingConfigUri === undefined ? undefined : vscode.Uri.parse(existingConfigUri, true);
}

async function chooseConfig(configs: vscode.Uri[], purpose: Purpose): Promise<vscode.Uri | undefined> {
  const items = configs.map((uri) => ({
    label: path.basename(uri.fsPath),
    description: vscode.workspace.asRelativePath(path.dirname(uri.fsPath)),
    uri,
  }));
  return (
    await vscode.window.showQuickPick(items, {
      title: `Several configs defend this model: ${purpose} which one?`,
      ignoreFocusOut: true,
    })
  )?.uri;
}

export async function prepare(model: vscode.Uri, server: LanguageServer): Promise<PrepareResult> {
  const params: PrepareParams = { modelUri: model.toString() };
  return await server.request<PrepareResult>(PREPARE_REQUEST, params);
}

/** Writes a planned config next to its model, under a name that is free, and opens it. */
export async function carryOut(plan: Plan, server: LanguageServer): Promise<vscode.Uri> {
  if ('config' in plan) return plan.config;
  await refuseLinksOutside(vscode.Uri.joinPath(plan.model, '..', CONFIG_FILE.named(modelName(plan.model))));
  const text = await server.request<string>(CONFIG_TEXT_REQUEST, plan.params);
  const folder = path.dirname(plan.model.fsPath);
  const config = vscode.Uri.file(await writeNew(folder, modelName(plan.model), text));
  await vscode.window.showTextDocument(config, { preview: false });
  return config;
}

/** Never over a file that is there: a taken name gets a number. */
async function writeNew(folder: string, name: string, text: string): Promise<string> {
  for (let n = 1; ; n++) {
    const file = path.join(folder, CONFIG_FILE.named(n === 1 ? name : `${name}-${n}`));
    try {
      await writeFile(file, text, { flag: 'wx' });
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      const reason = error instanceof Error ? error.message : String(error);
      throw new FinePruneError(
        {
          kind: 'input',
          code: 'config.notWritable',
          message: `The config could not be written: ${reason}.`,
          file,
          todo: "Make the model's folder writable.",
        },
        { cause: error },
      );
    }
  }
}
