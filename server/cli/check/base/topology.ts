import { canonicalJson, sha256 } from '../../../engine/files/hash';
import { formatOfContent } from '../../../engine/model/formats/registry';

/**
 * The hash of a model's layers, whatever they have learned, from the bytes of its file alone.
 * @returns null for what is no model of a format that is opened
 */
export function topologyOf(bytes: Uint8Array, name: string): string | null {
  try {
    if (!formatOfContent(name, Buffer.from(bytes).toString('utf8'))) return null;
    const { modelTopology } = JSON.parse(Buffer.from(bytes).toString('utf8')) as { modelTopology?: unknown };
    return modelTopology ? sha256(canonicalJson(modelTopology)) : null;
  } catch {
    return null;
  }
}
