import { FinePruneError } from '../../protocol/errors';
import { thisCpu } from './cpu';
import { findNativeEngine, type NativeEngineStatus } from './native-sources';
import { expectConfirmation, oneDnnSetting, oneDnnSuspected, whyOff } from './one-dnn';
import { runLayerTest, runSelfTest } from './self-test';

/** `auto` takes native where it is installed and passes its self-test, else wasm. */
export type BackendChoice = 'auto' | 'native' | 'wasm';

/** What computed a result, as far as the result may depend on it. */
export interface BackendInfo {
  name: 'native' | 'wasm';
  /** A sentence or two: why this one, and why oneDNN is off. It may name a path of this machine. */
  why: string;
  /** Such as `tfjs-node 4.22.0, TensorFlow 2.21.0` or `tfjs-backend-wasm 4.22.0 (SIMD)`. */
  version: string;
  /** Version that the loaded library reports; native only. */
  tensorflowVersion?: string;
  /** Threads one operation uses. Always 1 on wasm. */
  threads: number;
  /** Whether oneDNN kernels run; null on wasm, which has none. */
  oneDnn: boolean | null;
  /** Sorted names of those instruction sets of this CPU that native kernels choose by. Empty on wasm and off Linux. */
  cpuFeatures: string[];
  /** Version of Node, such as `v20.20.2`. */
  node: string;
  /** Operating system and architecture, such as `linux-x64`. */
  platform: string;
}

export interface BackendRequest {
  choice: BackendChoice;
  /** Threads one native operation may use, at least 1. */
  threads: number;
  /** oneDNN kernels on native; default: what the environment says, else on unless it failed on this machine. */
  oneDnn?: boolean;
  /** Absolute path of a native binding, which goes before any other. */
  configuredPath?: string;
}

/**
 * Loads a backend, tests it and makes it the current one of this process. WASM ignores `threads` and `oneDnn`.
 *
 * @throws FinePruneError `engine.nativeMissing` when `native` is asked for and not installed; `engine.oneDnn` when native fails its
 *   self-test and oneDNN, which nobody asked for, may be at fault: another process can do without; what loading and self-test throw,
 *   except that `auto` goes on to wasm when native is at fault.
 */
export async function selectBackend(request: BackendRequest): Promise<BackendInfo> {
  if (request.choice === 'wasm') return await useWasm('WASM was chosen as the backend.');

  const found = await findNativeEngine({ configuredPath: request.configuredPath });
  if (!found.installed || found.path === undefined) {
    if (request.choice === 'auto') return await useWasm(`WASM runs because ${asClause(found.why)}`);
    throw new FinePruneError({
      kind: 'engine',
      code: 'engine.nativeMissing',
      message: found.why,
      todo: 'Run `fine-prune engine install`, or choose the backend `auto` or `wasm`.',
    });
  }
  if (request.choice === 'native')
    return await useNative(found, found.path, request, 'The native engine was chosen as the backend.');
  try {
    return await useNative(found, found.path, request, `Native is installed and passed its self-test: ${found.why}`);
  } catch (error) {
    if (error instanceof FinePruneError && error.code === 'engine.oneDnn') throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return await useWasm(`WASM runs because the native engine is unusable: ${reason}`);
  }
}

async function useNative(
  engine: NativeEngineStatus,
  binding: string,
  { threads, oneDnn }: BackendRequest,
  why: string,
): Promise<BackendInfo> {
  // Imported late, here and below: a process pays only for the backend it uses.
  const { loadNativeBackend } = await import('./native');
  const setting = await oneDnnSetting(engine, oneDnn);
  const { tensorflowVersion } = await loadNativeBackend(binding, { threads, oneDnn: setting.on });
  try {
    await runSelfTest();
    await runLayerTest();
  } catch (error) {
    throw setting.on && !setting.chosen && error instanceof FinePruneError ? oneDnnSuspected(error) : error;
  }
  expectConfirmation(engine);
  const { version } = await import('@tensorflow/tfjs-node/dist/version.js');
  return {
    name: 'native',
    why: [why, whyOff(setting)].filter(Boolean).join(' '),
    version: `tfjs-node ${version}, TensorFlow ${tensorflowVersion}`,
    tensorflowVersion,
    threads,
    oneDnn: setting.on,
    // TensorFlow and oneDNN choose their kernels, and so their rounding, by these.
    cpuFeatures: (await thisCpu()).features,
    ...runtime(),
  };
}

async function useWasm(why: string): Promise<BackendInfo> {
  const { loadWasmBackend } = await import('./wasm');
  const { simd } = await loadWasmBackend();
  await runSelfTest();
  const { version_wasm: version } = await import('@tensorflow/tfjs-backend-wasm');
  return {
    name: 'wasm',
    why,
    version: `tfjs-backend-wasm ${version} (${simd ? 'SIMD' : 'no SIMD'})`,
    threads: 1,
    oneDnn: null,
    // WebAssembly's arithmetic is the same on every CPU, so a report need not differ by them.
    cpuFeatures: [],
    ...runtime(),
  };
}

function runtime(): { node: string; platform: string } {
  return { node: process.version, platform: `${process.platform}-${process.arch}` };
}

function asClause(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
