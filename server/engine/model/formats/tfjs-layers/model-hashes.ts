import { createHash } from 'node:crypto';
import { canonicalJson, sha256 } from '../../../files/hash';
import type { JsonNode } from './json';

/**
 * SHA-256 of the canonical JSON of `modelTopology`, and of all weight bytes in manifest order.
 * @throws FinePruneError `model.badTopology` when the JSON is nested too deeply to be walked
 */
export function modelHashes(root: JsonNode, weightBytes: readonly Uint8Array[]): { topology: string; weights: string } {
  const topology = root.at('modelTopology', 'The model');
  try {
    return { topology: sha256(canonicalJson(topology.value)), weights: weightsHash(weightBytes) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw topology.refuse('model.badTopology', "The model's topology is nested too deeply.", 'Export the model again.');
  }
}

export function weightsHash(weightBytes: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const bytes of weightBytes) hash.update(bytes);
  return hash.digest('hex');
}
