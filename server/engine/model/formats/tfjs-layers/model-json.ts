import { badInput } from '../../../../protocol/errors';
import { beyondBounds } from '../../../../json/bounds';
import { kindOfText } from '../../../files/file-kind';
import { kindOfJson } from '../../../files/kind-of-json';
import { fileKind } from '../../../files/kinds';
import { JsonNode, shown } from './json';
import { otherModel, refuseOtherBytes } from '../other-model';
import { CONFIG_FILE, MODEL_FILE } from '../../../../protocol/files';

/** Models inside of models are some dozens of levels deep; 2,000 layers and their weights have 200,000 values. */
const BOUNDS = { depth: 200, values: 1_500_000 };

/** As `parseModelJson`, of a file's bytes, which may be those of another kind of file. */
export function parseModelBytes(bytes: Uint8Array, file: string): JsonNode {
  refuseOtherBytes(bytes, file);
  return parseModelJson(new TextDecoder().decode(bytes), file);
}

/**
 * The whole of a TF.js Layers model.json as JSON.
 * @throws FinePruneError `model.empty`, `model.lfsPointer`, `model.otherFormat`, `model.badJson`, `model.graphModel`, `model.notLayersModel`
 */
export function parseModelJson(text: string, file: string): JsonNode {
  const plain = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (plain.trim() === '')
    throw badInput('model.empty', 'The model file is empty.', { file, todo: 'Export the model again.' });
  const other = kindOfText(plain);
  if (other) throw otherModel(fileKind(other), file);
  if (!/^\s*[{[]/.test(plain)) {
    // A NUL or a replacement character: no text that was ever JSON.
    const what = /[\0\uFFFD]/.test(plain.slice(0, 4096))
      ? 'is binary, in a format that Fine-Prune does not know'
      : 'is text, but not JSON';
    throw badInput('model.badJson', `This is not a model file: it ${what}.`, {
      file,
      todo: `Choose the ${MODEL_FILE} that \`model.save()\` or \`tensorflowjs_converter\` wrote, or a defense config (${CONFIG_FILE.pattern}).`,
    });
  }
  const beyond = beyondBounds(plain, BOUNDS);
  if (beyond) {
    const isDeep = beyond.what === 'depth';
    throw badInput(
      isDeep ? 'model.badTopology' : 'model.tooLarge',
      isDeep ? "The model's JSON is nested too deeply." : `The model's JSON has more than ${BOUNDS.values} values.`,
      { file, place: `character ${beyond.offset}`, todo: 'The file is damaged or no model: export the model again.' },
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(plain);
  } catch (error) {
    throw badInput('model.badJson', `The model file is not valid JSON: ${(error as Error).message.slice(0, 200)}.`, {
      file,
      todo: 'The file is cut off or damaged: copy or export the model again.',
    });
  }
  const kind = kindOfJson(value);
  if (kind) throw otherModel(kind, file);
  const root = new JsonNode(value, file, '', 'The model file');
  root.object();
  const format = root.at('format');
  if (format.present && format.value !== 'layers-model')
    throw format.refuse(
      'model.notLayersModel',
      `The file's format is ${shown(format.value)}, expected "layers-model".`,
      'Choose the model.json that `model.save()` or `tensorflowjs_converter` wrote.',
    );
  return root;
}
