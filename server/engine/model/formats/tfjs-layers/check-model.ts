import { readFile, stat } from 'node:fs/promises';
import { badInput, FinePruneError } from '../../../../protocol/errors';
import { refuseOtherModel } from '../other-model';
import { summarise } from './summary';
import { MOST_MODEL_BYTES } from './limits';

/**
 * Whether a file is a TF.js Layers model that can be defended, as far as its JSON tells; weights are not read.
 * @param opts.strict whether JSON of which nothing is known is refused, too
 * @throws FinePruneError `model.…` with what it is instead, or what speaks against it
 */
export async function checkModelFile(file: string, opts: { strict: boolean }): Promise<void> {
  await refuseOtherModel(file);
  const { size } = await stat(file);
  if (size > MOST_MODEL_BYTES)
    throw badInput('model.tooLarge', `The model file has ${size} bytes; at most ${MOST_MODEL_BYTES} are read.`, {
      file,
      todo: 'Choose the model.json; weights belong in their own files.',
    });
  const { problem } = summarise(await readFile(file, 'utf8'), file);
  if (problem && (opts.strict || problem.code !== 'model.notLayersModel')) throw new FinePruneError(problem);
}
