import { parseModelJson } from '../model/formats/tfjs-layers/model-json';
import { initialise } from '../model/formats/tfjs-layers/initialise';
import { locateWeights, parseManifest } from '../model/formats/tfjs-layers/manifest';
import type { OpenModel } from '../model/model';
import { assemble, type ReadModel } from '../model/formats/tfjs-layers/open';
import { encodeWeights } from '../model/formats/tfjs-layers/save';
import { parseTopology } from '../model/formats/tfjs-layers/topology';
import { simpleCnnJson } from './simple-cnn-json';

/**
 * The reference network SimpleCNN, with fresh weights: Conv 3×3×32 valid, ReLU, MaxPool 2, Conv 3×3×64 valid, ReLU, MaxPool 2,
 * Flatten, Dense 128 ReLU, Dense 10 softmax (logits in memory, as for every opened model). Weights start as in Keras: Glorot
 * uniform kernels (Glorot, Bengio 2010), zero biases.
 *
 * @param opts.seed seeds every initialiser, each with a number of its own
 */
export function buildSimpleCnn(opts: {
  seed: number;
  inputShape?: readonly [number, number, number];
  classes?: number;
}): OpenModel {
  const json = simpleCnnJson(opts.inputShape ?? [28, 28, 1], opts.classes ?? 10);
  const root = parseModelJson(json, '');
  const graph = parseTopology(root);
  const groups = parseManifest(root);
  const blank: ReadModel = {
    main: new TextEncoder().encode(json),
    root,
    groups,
    shards: groups.map(({ bytes, paths }) => ({
      bytes: new Uint8Array(bytes),
      files: paths.map((path) => ({ path, bytes })),
    })),
    graph,
    homes: locateWeights(graph, groups, root),
  };
  return withFreshWeights(blank, opts.seed);
}

/**
 * Gives an opened model fresh weights from the initialisers its file names, so that it can be trained from scratch.
 * @throws FinePruneError `model.unsupportedInitialiser`
 */
export function reinitialise(model: OpenModel, seed: number): void {
  const root = parseModelJson(new TextDecoder().decode(model.source.main), model.path);
  initialise(model, root, seed);
}

/** The JSON and the joined weight bytes of a model as it is now. */
export function encodeModel(model: OpenModel): { json: Uint8Array; weights: Uint8Array } {
  return { json: model.source.main, weights: Uint8Array.from(Buffer.concat(encodeWeights(model))) };
}

/** Hashes and bytes of a from-scratch model are those of its start weights. */
function withFreshWeights(blank: ReadModel, seed: number): OpenModel {
  const model = assemble('', blank);
  try {
    reinitialise(model, seed);
    const bytes = encodeWeights(model);
    return assemble('', { ...blank, shards: blank.shards.map((shards, i) => ({ ...shards, bytes: bytes[i]! })) });
  } finally {
    model.dispose();
  }
}
