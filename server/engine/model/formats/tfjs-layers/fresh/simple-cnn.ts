import type { SimpleCnnOptions } from '../../format';
import { initialise } from './initialise';
import { parseModelJson } from '../model-json';
import type { OpenModel } from '../../../model';
import { assemble } from '../open';
import { partsOf, type ModelParts } from '../read';
import { encodeWeights } from '../save';
import { simpleCnnJson } from './simple-cnn-json';

/**
 * The reference network SimpleCNN, with fresh weights: Conv 3×3×32 valid, ReLU, MaxPool 2, Conv 3×3×64 valid, ReLU, MaxPool 2,
 * Flatten, Dense 128 ReLU, Dense 10 softmax (logits in memory, as for every opened model). Weights start as in Keras: Glorot
 * uniform kernels (Glorot, Bengio 2010), zero biases.
 */
export function buildSimpleCnn(opts: SimpleCnnOptions): OpenModel {
  const json = simpleCnnJson(opts.inputShape ?? [28, 28, 1], opts.classes ?? 10);
  return withFreshWeights(partsOf(new TextEncoder().encode(json), ''), opts.seed);
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
function withFreshWeights(parts: ModelParts, seed: number): OpenModel {
  const blank = parts.groups.map(({ bytes, paths }) => ({
    bytes: new Uint8Array(bytes),
    files: paths.map((path) => ({ path, bytes })),
  }));
  const model = assemble('', parts, blank);
  try {
    reinitialise(model, seed);
    const bytes = encodeWeights(model);
    return assemble(
      '',
      parts,
      blank.map((shards, i) => ({ ...shards, bytes: bytes[i]! })),
    );
  } finally {
    model.dispose();
  }
}
