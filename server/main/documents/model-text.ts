import { formatOfBytes } from '../../engine/model/formats/registry';
import { badInput } from '../../protocol/errors';
import type { ModelTextParams, ModelTextResult } from '../../protocol/messages/lsp';
import { limitMegabytes } from '../../protocol/words';
import { failureOf } from '../failure';
import { MODEL_FILES, MOST_TEXT_WEIGHT_BYTES } from '../../protocol/files';

/** Says a model as text, or which weight files that needs. Nothing is read here: the caller has the bytes, of whatever revision. */
export function answerModelText({ name, json: content, shards }: ModelTextParams): ModelTextResult {
  try {
    const format = formatOfBytes(name, content);
    const { mostBytes } = MODEL_FILES[format.id];
    if (content.byteLength > mostBytes)
      throw badInput(
        'model.tooLarge',
        `${name} has ${limitMegabytes(content.byteLength)}; the limit is ${limitMegabytes(mostBytes)}.`,
        { todo: 'Check that it is a model.json.' },
      );
    if (!shards) return { ok: true, needs: format.weightFiles(content, name) };
    const total = shards.reduce((sum, { bytes }) => sum + (bytes?.byteLength ?? 0), 0);
    if (total > MOST_TEXT_WEIGHT_BYTES)
      throw badInput(
        'model.tooLarge',
        `The weights of ${name} are larger than ${MOST_TEXT_WEIGHT_BYTES / 2 ** 30} GB.`,
        { todo: 'A text diff reads all of them, so larger models are left out.' },
      );
    const found = new Map(shards.map(({ path, bytes }) => [path, bytes]));
    return { ok: true, text: format.text.ofModel(content, (path) => found.get(path) ?? null, name) };
  } catch (error) {
    return { ok: false, failure: failureOf(error) };
  }
}
