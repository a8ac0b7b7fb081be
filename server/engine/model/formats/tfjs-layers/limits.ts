import { MODEL_FILES } from '../../../../protocol/files';

/** Bytes of a model.json that are read at most; the weights lie in files of their own. */
export const MOST_MODEL_BYTES = MODEL_FILES['tfjs-layers'].mostBytes;
