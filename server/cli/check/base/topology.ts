import { formatOfContent } from '../../../engine/model/formats/registry';
import { FinePruneError } from '../../../protocol/errors';

/**
 * The hash of a model's layers, whatever they have learned, from the bytes of its file alone.
 * @returns null for what is no model that can be defended
 */
export function topologyOf(bytes: Uint8Array, name: string): string | null {
  try {
    return formatOfContent(name, bytes)?.hashes.topologyOf(bytes, name) ?? null;
  } catch (error) {
    if (error instanceof FinePruneError) return null;
    throw error;
  }
}
