import { looksLikeModel, MODEL_FILES } from '../../../../protocol/files';
import { fileHashes } from '../file-hashes';
import type { ModelFormat } from '../format';
import { checkModelFile } from './check-model';
import { layerSpan } from './layer-span';
import { layoutOf, partsOf } from './read';
import { isTfjsModelJson, summarise } from './summary';
import { manifestKey, modelText, placeOfShard, shardPaths, weightsText } from './text/text-summary';

/** TF.js Layers models: what `model.save()` of TF.js and `tensorflowjs_converter` write, a model.json and weight files beside it. */
export const tfjsLayers: ModelFormat = {
  id: 'tfjs-layers',
  label: MODEL_FILES['tfjs-layers'].label,
  match(name, beginning) {
    const text = typeof beginning === 'string' ? beginning : Buffer.from(beginning).toString('utf8');
    if (isTfjsModelJson(text)) return 'content';
    return looksLikeModel(name, 'tfjs-layers') ? 'name' : null;
  },
  summary: summarise,
  check: checkModelFile,
  weightFiles: shardPaths,
  hashes: fileHashes({ graphOf: (content, name) => partsOf(content, name).graph, layoutOf }),
  text: {
    ofModel: modelText,
    ofWeightFile: {
      placeOf(content, name, base, size, sizeOf) {
        const place = placeOfShard(content, name, base, size, sizeOf);
        return place && { ...place, key: manifestKey(content, name) + JSON.stringify(place) };
      },
      text: (content, { group, offset }, bytes, name) => weightsText(content, { group, offset, bytes }, name),
    },
  },
  layerSpan,
  storage: async () => (await import('./storage')).storage,
};
