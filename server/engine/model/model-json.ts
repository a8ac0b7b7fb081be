import { badInput } from '../../protocol/errors';
import { JsonNode, shown } from './json';

/** Largest model.json that is read, in bytes. */
export const MAX_JSON_BYTES = 64 * 2 ** 20;

/**
 * The whole of a TF.js Layers model.json as JSON.
 * @throws FinePruneError `model.empty`, `model.lfsPointer`, `model.badJson`, `model.graphModel`, `model.notLayersModel`
 */
export function parseModelJson(text: string, file: string): JsonNode {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (plain.trim() === '') throw badInput('model.empty', 'The model file is empty.', { file, todo: 'Export the model again.' });
  if (isLfsPointer(plain)) throw lfsPointer(file);
  let value: unknown;
  try {
    value = JSON.parse(plain);
  } catch (error) {
    throw badInput('model.badJson', `The model file is not valid JSON: ${(error as Error).message.slice(0, 200)}.`, { file, todo: 'The file is cut off or damaged: copy or export the model again.' });
  }
  const root = new JsonNode(value, file, '', 'The model file');
  root.object();
  const format = root.at('format');
  if (format.value === 'graph-model') throw format.refuse('model.graphModel', 'The file is a TF.js graph model, which is a program without layers.', 'Export the model in the Layers format: `tensorflowjs_converter --output_format tfjs_layers_model`.');
  if (format.present && format.value !== 'layers-model') throw format.refuse('model.notLayersModel', `The file's format is ${shown(format.value)}, expected "layers-model".`, 'Choose the model.json that `model.save()` or `tensorflowjs_converter` wrote.');
  return root;
}

/** Whether a file's beginning is that of a Git LFS pointer, the stand-in for a large file that was not downloaded. */
export function isLfsPointer(start: string): boolean {
  return start.startsWith('version https://git-lfs');
}

export function lfsPointer(file: string, place?: string) {
  return badInput('model.lfsPointer', 'The file is a Git LFS pointer, not the file itself.', { file, place, todo: 'Run `git lfs pull` in the repository, then try again.' });
}
