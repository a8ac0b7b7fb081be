import { FinePruneError } from '../../../../protocol/errors';
import { refuseOtherModel } from '../other-model';
import { summarise } from './summary';
import { readModelFile } from './limits';

/**
 * Whether a file is a TF.js Layers model that can be defended, as far as its JSON tells; weights are not read.
 * @param opts.strict whether JSON of which nothing is known is refused, too
 * @throws FinePruneError `model.…` with what it is instead, or what speaks against it
 */
export async function checkModelFile(file: string, opts: { strict: boolean }): Promise<void> {
  await refuseOtherModel(file);
  const json = await readModelFile(file);
  const { problem } = summarise(json.toString('utf8'), file);
  if (problem && (opts.strict || problem.code !== 'model.notLayersModel')) throw new FinePruneError(problem);
}
