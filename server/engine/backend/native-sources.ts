import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import envPaths from 'env-paths';
import { readStart } from '../files/read';
import { readEngine } from './native-manifest';

/** File name of tfjs-node's addon, wherever it lies. */
export const BINDING_FILE = 'tfjs_binding.node';

/** Where this process runs, in Node's words, such as `linux-x64`. */
export const PLATFORM = `${process.platform}-${process.arch}`;

/** The only platform on which we build the engine ourselves. */
export const BUILT_ON = 'linux-x64';

/** What is known about the native engine without loading it. */
export interface NativeEngineStatus {
  installed: boolean;
  /** Absolute path of tfjs_binding.node. */
  path?: string;
  source?: 'configured' | 'cache' | 'tfjs-node';
  /** Known for engines in the cache, which were loaded once before they were put there. */
  tensorflowVersion?: string;
  /** One sentence for people: which engine this is, or why there is none. */
  why: string;
  platform: string;
}

export interface FindOptions {
  /** From a setting; goes before the environment variable FINE_PRUNE_NATIVE_BINDING. */
  configuredPath?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/** $FINE_PRUNE_CACHE, or else the place the operating system gives to caches of this user. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return env.FINE_PRUNE_CACHE ? path.resolve(env.FINE_PRUNE_CACHE) : envPaths('fine-prune', { suffix: '' }).cache;
}

/** Home of everything native in the cache: engine, lock and staging folders, on one file system. */
export function nativeCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(cacheFolder(env), 'native');
}

/** Folder of the finished engine; it appears complete or not at all. */
export function engineFolder(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(nativeCacheFolder(env), PLATFORM);
}

/**
 * Finds the native engine to use, in the documented order: the configured path, the cache, what
 * tfjs-node's own installer put into node_modules. A configured path that leads nowhere ends the
 * search: silently using another engine than the one asked for would falsify a report.
 */
export async function findNativeEngine({
  configuredPath,
  env = process.env,
}: FindOptions = {}): Promise<NativeEngineStatus> {
  const configured = configuredPath || env.FINE_PRUNE_NATIVE_BINDING;
  if (configured) return await configuredEngine(path.resolve(configured));

  const cached = await readEngine(engineFolder(env));
  if (cached.engine) {
    const { manifest, bindingPath } = cached.engine;
    return {
      installed: true,
      path: bindingPath,
      source: 'cache',
      tensorflowVersion: manifest.tensorflowVersion,
      why: `TensorFlow ${manifest.tensorflowVersion} in the cache, made from ${describeOrigin(manifest.source)}.`,
      platform: PLATFORM,
    };
  }

  const own = await enginePutByTfjsNode();
  if (own) {
    const why = "What tfjs-node's own installer put into node_modules.";
    return { installed: true, path: own, source: 'tfjs-node', why, platform: PLATFORM };
  }
  return { installed: false, why: cached.problem ?? whyThereIsNone(), platform: PLATFORM };
}

function whyThereIsNone(): string {
  return PLATFORM === BUILT_ON
    ? 'The native engine is not installed.'
    : `The native engine is built on ${BUILT_ON} only, and tfjs-node's own installer has installed none for ${PLATFORM}.`;
}

function describeOrigin(source: 'python' | 'wheel' | 'tfjs-node'): string {
  if (source === 'python') return "the user's Python (linked)";
  return source === 'wheel' ? 'the pinned tensorflow-cpu wheel' : "tfjs-node's own download";
}

async function configuredEngine(configured: string): Promise<NativeEngineStatus> {
  const info = await stat(configured).catch(() => undefined);
  const file = info?.isDirectory() ? path.join(configured, BINDING_FILE) : configured;
  if (!(await isSharedLibrary(file))) {
    return {
      installed: false,
      source: 'configured',
      why: `The configured native engine ${file} is not a loadable file.`,
      platform: PLATFORM,
    };
  }
  const { engine } = await readEngine(path.dirname(file));
  const version = engine?.bindingPath === file ? { tensorflowVersion: engine.manifest.tensorflowVersion } : {};
  return {
    installed: true,
    path: file,
    source: 'configured',
    why: `The configured native engine ${file}.`,
    platform: PLATFORM,
    ...version,
  };
}

/** A wrong path in a setting is common (a folder, a text file): the first bytes tell without loading it. */
async function isSharedLibrary(file: string): Promise<boolean> {
  try {
    const { bytes } = await readStart(file, 4);
    if (bytes.length < 4) return false;
    const magic = bytes.readUInt32BE(0);
    return magic === 0x7f454c46 || magic === 0xcffaedfe || magic === 0xcafebabe || magic >>> 16 === 0x4d5a;
  } catch {
    return false;
  }
}

/** The binding alone is not an engine: a half install leaves it without the library it needs. */
async function enginePutByTfjsNode(): Promise<string | undefined> {
  const root = packageFolder('@tensorflow/tfjs-node');
  if (!root) return undefined;
  const binding = path.join(root, 'lib', 'napi-v8', BINDING_FILE);
  if (!existsSync(binding)) return undefined;
  const libraries = process.platform === 'win32' ? path.dirname(binding) : path.join(root, 'deps', 'lib');
  const names = await readdir(libraries).catch(() => [] as string[]);
  const complete = names.some(
    (name) => /^(libtensorflow\.(so|2|dylib)|tensorflow\.dll)/.test(name) && existsSync(path.join(libraries, name)),
  );
  return complete ? binding : undefined;
}

/** What the binding is made of: tfjs-node's C++ files and Node's C headers. */
export interface NativeSources {
  /** Folder of tfjs_backend.cc, tfjs_binding.cc and their headers. */
  binding: string;
  /** Folder of node_api.h. */
  napiInclude: string;
  /** A binding compiled by us beforehand, where this build carries one for this platform. */
  prebuilt?: string;
}

/** Where a packaged build carries the sources: `native-src` beside the bundle. */
export function nativeSourcesFolder(): string {
  return path.join(__dirname, 'native-src');
}

/** The sources of the binding: from the packaged build, else from node_modules; undefined when neither has them. */
export function nativeSources(): NativeSources | undefined {
  const packaged = nativeSourcesFolder();
  if (existsSync(packaged)) {
    const prebuilt = path.join(packaged, 'prebuilt', PLATFORM, BINDING_FILE);
    return {
      binding: path.join(packaged, 'binding'),
      napiInclude: path.join(packaged, 'include'),
      ...(existsSync(prebuilt) && { prebuilt }),
    };
  }
  const tfjsNode = packageFolder('@tensorflow/tfjs-node');
  const headers = packageFolder('node-api-headers');
  return tfjsNode && headers
    ? { binding: path.join(tfjsNode, 'binding'), napiInclude: path.join(headers, 'include') }
    : undefined;
}

/** Folder of an installed npm package, as seen from this file or from the bundle it is in. */
export function packageFolder(name: string): string | undefined {
  try {
    return path.dirname(createRequire(__filename).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}
