import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readText } from '../files/read';

/** Raised when the files of an engine change, so that an older one counts as not installed. */
export const ENGINE_LAYOUT = 1;

export const MANIFEST_FILE = 'engine.json';
const MOST_MANIFEST_BYTES = 1 << 20;

/** Where the TensorFlow library of an engine came from. */
export type EngineOrigin = 'python' | 'wheel' | 'tfjs-node';

/** `engine.json`, written last into a staging folder: what makes it an engine, and how to see that it still is one. */
export interface EngineManifest {
  layout: number;
  platform: string;
  source: EngineOrigin;
  tensorflowVersion: string;
  /** Path of the addon below the engine's folder. */
  binding: string;
  /** The addon and its libraries, by path below the engine's folder, with their size in bytes (of the target, if linked). */
  files: Record<string, number>;
}

/** Either a usable engine, or (if something lies there) one sentence on what is wrong with it, or neither. */
export interface EngineReading {
  engine?: { manifest: EngineManifest; bindingPath: string };
  problem?: string;
}

/** Writes the manifest of the engine in `folder`, taking the sizes from the files themselves. */
export async function writeManifest(
  folder: string,
  about: Omit<EngineManifest, 'layout' | 'platform' | 'files'>,
  fileNames: string[],
): Promise<void> {
  const files: Record<string, number> = {};
  for (const name of fileNames) files[name] = (await stat(path.join(folder, name))).size;
  const manifest: EngineManifest = {
    layout: ENGINE_LAYOUT,
    platform: `${process.platform}-${process.arch}`,
    ...about,
    files,
  };
  await writeFile(path.join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Looks at the engine in a folder without loading it. Sizes are compared because linked libraries
 * belong to somebody else: an upgrade or removal in the user's Python must not go unnoticed.
 */
export async function readEngine(folder: string): Promise<EngineReading> {
  let text: string;
  try {
    text = await readText(path.join(folder, MANIFEST_FILE), MOST_MANIFEST_BYTES);
  } catch {
    return {};
  }
  const manifest = parseManifest(text);
  if (!manifest)
    return { problem: `The native engine in ${folder} was made by another version of Fine-Prune; install it again.` };
  for (const [name, bytes] of Object.entries(manifest.files)) {
    const info = await stat(path.join(folder, name)).catch(() => undefined);
    if (info?.size === bytes) continue;
    const what = info ? 'has changed' : 'is missing';
    const whose = manifest.source === 'python' ? " (it belongs to the user's Python)" : '';
    return { problem: `${name} of the native engine in ${folder} ${what}${whose}; install it again.` };
  }
  return { engine: { manifest, bindingPath: path.join(folder, manifest.binding) } };
}

function parseManifest(text: string): EngineManifest | undefined {
  try {
    const value = JSON.parse(text) as Partial<EngineManifest> | null;
    const names = value?.files && typeof value.files === 'object' ? Object.keys(value.files) : [];
    const valid =
      value?.layout === ENGINE_LAYOUT &&
      typeof value.tensorflowVersion === 'string' &&
      typeof value.binding === 'string' &&
      ['python', 'wheel', 'tfjs-node'].includes(value.source ?? '') &&
      names.includes(value.binding) &&
      names.every((name) => !path.isAbsolute(name) && !name.split(/[\\/]/).includes('..'));
    return valid ? (value as EngineManifest) : undefined;
  } catch {
    return undefined;
  }
}
