import { modelText, shardPaths } from '../../engine/model/formats/tfjs-layers/text-summary';
import { badInput } from '../../protocol/errors';
import type { ModelTextParams, ModelTextResult } from '../../protocol/messages/lsp';
import { limitMegabytes } from '../../protocol/words';
import { failureOf } from '../failure';
import { MOST_MODEL_BYTES } from '../../protocol/files';

/** Weights beyond this are not hashed for a text: it would take all memory. */
const MAX_WEIGHT_BYTES = 2 ** 30;

/** Says a model as text, or which weight files that needs. Nothing is read here: the caller has the bytes, of whatever revision. */
export function answerModelText({ name, json, shards }: ModelTextParams): ModelTextResult {
  try {
    if (json.byteLength > MOST_MODEL_BYTES)
      throw badInput(
        'model.tooLarge',
        `${name} has ${limitMegabytes(json.byteLength)}; the limit is ${limitMegabytes(MOST_MODEL_BYTES)}.`,
        { todo: 'Check that it is a model.json.' },
      );
    if (!shards) return { ok: true, needs: shardPaths(json, name) };
    const total = shards.reduce((sum, { bytes }) => sum + (bytes?.byteLength ?? 0), 0);
    if (total > MAX_WEIGHT_BYTES)
      throw badInput('model.tooLarge', `The weights of ${name} are larger than ${MAX_WEIGHT_BYTES / 2 ** 30} GB.`, {
        todo: 'A text diff reads all of them, so larger models are left out.',
      });
    const found = new Map(shards.map(({ path, bytes }) => [path, bytes]));
    return { ok: true, text: modelText(json, (path) => found.get(path) ?? null, name) };
  } catch (error) {
    return { ok: false, failure: failureOf(error) };
  }
}
