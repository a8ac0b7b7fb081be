import * as vscode from 'vscode';
import { badInput } from '../../server/protocol/errors';
import { modelTextUri } from '../language/model-text';
import { activeFile, baseName } from '../ui/open';
import type { CommandContext } from './context';
import { pickFile } from './pick';
import { askOther, given, type Given, type Kind } from './sides';
import { MODEL_FORM, MODEL_EXTENSIONS, MODEL_PATTERNS, anyOf, looksLikeModel } from '../../server/protocol/files';

const MODELS: Kind = {
  is: (uri) => looksLikeModel(baseName(uri)),
  glob: anyOf(...MODEL_PATTERNS),
  extensions: MODEL_EXTENSIONS,
  noun: 'Model',
};

/** `finePrune.compareModels`: what differs between two models, or two revisions of one, as a diff of their texts. */
export async function compareModels({ modelTexts }: CommandContext, first?: unknown, second?: unknown): Promise<void> {
  const found = (await given(MODELS, first, second)) ?? (await chooseModel());
  if (!found) return;
  if ('file' in found && !MODELS.is(found.file))
    throw badInput('compare.notAModel', `${baseName(found.file)} is not a model: expected a TF.js ${MODEL_FORM}.`, {
      todo: `Choose the ${MODEL_FORM} beside it.`,
    });
  const sides = 'file' in found ? await askOther(MODELS, found.file) : found;
  if (!sides) return;
  const [base, head] = [vscode.Uri.parse(sides.base.uri, true), vscode.Uri.parse(sides.head.uri, true)];
  const shown = new Set([base.toString(), head.toString()]);
  modelTexts.refresh((model) => shown.has(model.toString()));
  await vscode.commands.executeCommand(
    'vscode.diff',
    modelTextUri(base),
    modelTextUri(head),
    `${baseName(head)} (${sides.base.label} ↔ ${sides.head.label})`,
    { preview: false },
  );
}

async function chooseModel(): Promise<Given | undefined> {
  const active = activeFile();
  const file =
    active && MODELS.is(active)
      ? active
      : await pickFile(MODELS.glob, 'Fine-Prune: compare which model?', { [MODELS.noun]: MODELS.extensions });
  return file && { file };
}
