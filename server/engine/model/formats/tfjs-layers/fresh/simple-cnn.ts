import type { SimpleCnnOptions } from '../../format';
import { initialise } from './initialise';
import { locateWeights, parseManifest } from '../weights/manifest';
import { parseModelJson } from '../model-json';
import type { OpenModel } from '../../../model';
import { assemble, type ReadModel } from '../open';
import { encodeWeights } from '../save';
import { parseTopology } from '../topology/topology';
import { simpleCnnJson } from './simple-cnn-json';

/**
 * The reference network SimpleCNN, with fresh weights: Conv 3×3×32 valid, ReLU, MaxPool 2, Conv 3×3×64 valid, ReLU, MaxPool 2,
 * Flatten, Dense 128 ReLU, Dense 10 softmax (logits in memory, as for every opened model). Weights start as in Keras: Glorot
 * uniform kernels (Glorot, Bengio 2010), zero biases.
 */
export function buildSimpleCnn(opts: SimpleCnnOptions): OpenModel {
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
