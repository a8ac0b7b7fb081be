import { parseModelJson } from '../model/formats/tfjs-layers/model-json';
import { initialise } from '../model/initialise';
import type { JsonNode } from '../model/formats/tfjs-layers/json';
import { locateWeights, parseManifest } from '../model/formats/tfjs-layers/manifest';
import type { ModelSource, OpenModel } from '../model/model';
import { assemble } from '../model/formats/tfjs-layers/open';
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

/** The JSON and the joined weight bytes of a model as it is now. */
export function encodeModel(model: OpenModel): { json: Uint8Array; weights: Uint8Array } {
  return { json: model.source.json, weights: Uint8Array.from(Buffer.concat(encodeWeights(model))) };
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
