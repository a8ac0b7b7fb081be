import { parseModelJson } from './model-json';
import { initialise } from '../../initialise';
import type { SimpleCnnOptions } from '../format';
import type { JsonNode } from './json';
import { locateWeights, parseManifest } from './manifest';
import type { ModelSource, OpenModel } from '../../model';
import { assemble } from './open';
import { encodeWeights } from './save';
import { parseTopology } from './topology';
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
  const source: ModelSource = {
    json: new TextEncoder().encode(json),
    groups: groups.map((manifest) => ({
      manifest,
      bytes: new Uint8Array(manifest.bytes),
      shardSizes: [manifest.bytes],
    })),
    weights: locateWeights(graph, groups, root),
  };
  const blank = assemble('', root, source, graph);
  return withFreshWeights(blank, root, opts.seed);
}

/**
 * Gives an opened model fresh weights from the initialisers its file names, so that it can be trained from scratch.
 * @throws FinePruneError `model.unsupportedInitialiser`
 */
export function reinitialise(model: OpenModel, seed: number): void {
  const root = parseModelJson(new TextDecoder().decode(model.source.json), model.path);
  initialise(model.net, model.graph, (layer) => nodeAt(root, layer.place).at('config'), seed);
}

/** Hashes and source of a from-scratch model speak of its start weights. */
function withFreshWeights(blank: OpenModel, root: JsonNode, seed: number): OpenModel {
  reinitialise(blank, seed);
  const bytes = encodeWeights(blank);
  const source: ModelSource = {
    ...blank.source,
    groups: blank.source.groups.map((g, i) => ({ ...g, bytes: bytes[i]! })),
  };
  blank.dispose();
  return assemble('', root, source, blank.graph);
}

function nodeAt(root: JsonNode, place: string): JsonNode {
  return place
    .split('/')
    .slice(1)
    .reduce((node, key) => node.at(key.replace(/~1/g, '/').replace(/~0/g, '~')), root);
}
