import { existsSync } from 'node:fs';
import path from 'node:path';
import { env, setBackend } from '@tensorflow/tfjs-core';
// The core registers no gradients by itself.
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { FinePruneError } from '../../protocol/errors';
import { packageFolder } from './native-sources';
import { applyWasmKernels } from './kernels/wasm';

/**
 * Makes WebAssembly the current tfjs backend, with the kernels that training needs.
 *
 * @returns whether the SIMD binary runs (it does on Node 20, 22 and 24 on x64).
 * @throws FinePruneError `engine.wasmLoad` when the binaries can't be read or started.
 */
export async function loadWasmBackend(): Promise<{ simd: boolean }> {
  setWasmPaths(wasmFolder());
  applyWasmKernels();
  const loaded = await withoutNewHandlers(() => setBackend('wasm'));
  if (!loaded) {
    throw new FinePruneError({
      kind: 'engine',
      code: 'engine.wasmLoad',
      message: 'The embedded WebAssembly engine did not start.',
      file: wasmFolder(),
      todo: 'Reinstall Fine-Prune: its .wasm files are missing or damaged.',
    });
  }
  return { simd: (await env().getAsync('WASM_HAS_SIMD_SUPPORT')) as boolean };
}

/**
 * Undoes the process-wide handlers that the Emscripten glue installs. They rethrow: with them, no handler of ours for an
 * uncaught error would ever run, and Node would print the glue's one 40 KB source line with every crash.
 */
async function withoutNewHandlers<T>(load: () => Promise<T>): Promise<T> {
  const errorsBefore = new Set(process.listeners('uncaughtException'));
  const rejectionsBefore = new Set(process.listeners('unhandledRejection'));
  try {
    return await load();
  } finally {
    for (const handler of process.listeners('uncaughtException')) {
      if (!errorsBefore.has(handler)) process.removeListener('uncaughtException', handler);
    }
    for (const handler of process.listeners('unhandledRejection')) {
      if (!rejectionsBefore.has(handler)) process.removeListener('unhandledRejection', handler);
    }
  }
}

/** Beside the bundle when bundled, else the package's own folder. Ends in a separator, as setWasmPaths wants it. */
function wasmFolder(): string {
  const bundled = path.join(__dirname, 'wasm');
  const installed = packageFolder('@tensorflow/tfjs-backend-wasm');
  return (existsSync(bundled) || installed === undefined ? bundled : path.join(installed, 'dist')) + path.sep;
}
