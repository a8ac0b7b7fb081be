import path from 'node:path';
import { MODEL_FILE } from '../../../../protocol/files';
import type { ModelStorage } from '../format';
import { openModel } from './open';
import { checkSaveFolder, savedFiles, saveModel, saveModelBeside } from './save';
import { buildSimpleCnn, reinitialise } from './fresh/simple-cnn';

/** Opens and saves TF.js Layers models: model.json and the weight files that it names. */
export const storage: ModelStorage = {
  open: openModel,
  files: ({ path: file, source }) => [
    file,
    ...source.files.flat().map((shard) => path.join(path.dirname(file), shard.path)),
  ],
  fileName: () => MODEL_FILE,
  save: saveModel,
  checkSaveFolder,
  savedFiles,
  saveBeside: saveModelBeside,
  reinitialise,
  simpleCnn: buildSimpleCnn,
};
