import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import type { TFJSBinding } from '@tensorflow/tfjs-node/dist/tfjs_binding';
import { FinePruneError } from '../../protocol/errors';
import { applyNativeKernels } from './kernels/native';
import { NATIVE_BACKEND } from './kernels/native/support';

/** What has to be fixed before TensorFlow starts: it reads these once per process. */
export interface NativeBackendOptions {
  /** Threads one op may use, at least 1. The same number gives the same bytes; another one need not. */
  threads: number;
  /** oneDNN kernels: faster, but their rounding depends on the CPU. */
  oneDnn: boolean;
}

let loaded: { bindingPath: string; options: NativeBackendOptions; tensorflowVersion: string } | undefined;

/**
 * Makes TensorFlow's C library the active tfjs backend of this process, without tfjs-node's own
 * start-up: that one searches for the binding inside node_modules and drags in its whole installer.
 *
 * @param bindingPath absolute path of `tfjs_binding.node`, from `findNativeEngine()`
 * @returns the version that the loaded library reports, such as `2.21.0`
 * @throws FinePruneError `engine.native.load` when the binding does not load; `engine.native.reconfigure`
 *   when this process already runs TensorFlow with other options, since those can't be changed any more
 */
export async function loadNativeBackend(
  bindingPath: string,
  options: NativeBackendOptions,
): Promise<{ tensorflowVersion: string }> {
  if (!Number.isInteger(options.threads) || options.threads < 1) {
    throw new RangeError(`threads must be a whole number of at least 1, not ${options.threads}`);
  }
  if (!loaded) {
    setTensorflowEnvironment(options);
    restoreRemovedUtil();
    const binding = openBinding(bindingPath);
    await registerBackend(binding);
    loaded = { bindingPath, options: { ...options }, tensorflowVersion: binding.TF_Version };
  } else if (
    loaded.bindingPath !== bindingPath ||
    loaded.options.threads !== options.threads ||
    loaded.options.oneDnn !== options.oneDnn
  ) {
    throw new FinePruneError({
      kind: 'engine',
      code: 'engine.native.reconfigure',
      message:
        `TensorFlow already runs in this process with ${loaded.options.threads} thread(s) and oneDNN ` +
        `${loaded.options.oneDnn ? 'on' : 'off'}; it reads such options only once.`,
      file: loaded.bindingPath,
      todo: 'Start another engine process for other options.',
    });
  }
  if (!(await tf.setBackend(NATIVE_BACKEND))) throw loadFailure(bindingPath, 'tfjs refused the backend');
  return { tensorflowVersion: loaded.tensorflowVersion };
}

/** TensorFlow offers no other way in: the binding passes no configuration on. */
function setTensorflowEnvironment({ threads, oneDnn }: NativeBackendOptions): void {
  process.env.TF_NUM_INTRAOP_THREADS = String(threads);
  process.env.TF_NUM_INTEROP_THREADS = '1';
  process.env.OMP_NUM_THREADS = String(threads);
  process.env.TF_ENABLE_ONEDNN_OPTS = oneDnn ? '1' : '0';
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
  // A TensorFlow from the user's Python may be a GPU build; reports name CPU features only.
  process.env.CUDA_VISIBLE_DEVICES = '-1';
}

/**
 * tfjs-node 4.22 calls functions that Node 23 removed and Node 22 warns about; `util` is one shared
 * object, so it sees these. Only tfjs-node and its like still call them.
 */
function restoreRemovedUtil(): void {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown): boolean => value === null || value === undefined,
    isArray: Array.isArray,
  });
}

/** `process.dlopen` and not `require`: a bundler must neither follow nor rewrite this path. */
function openBinding(bindingPath: string): TFJSBinding {
  const holder: { exports: Partial<TFJSBinding> } = { exports: {} };
  try {
    process.dlopen(holder, bindingPath);
  } catch (error) {
    throw loadFailure(bindingPath, error instanceof Error ? error.message : String(error), error);
  }
  if (typeof holder.exports.executeOp !== 'function' || typeof holder.exports.TF_Version !== 'string') {
    throw loadFailure(bindingPath, 'this addon is not the binding of tfjs-node');
  }
  return holder.exports as TFJSBinding;
}

async function registerBackend(binding: TFJSBinding): Promise<void> {
  // Imported late, so that a process on WASM never pays for these 170 modules.
  await import('@tensorflow/tfjs-node/dist/register_all_kernels.js');
  applyNativeKernels();
  const { NodeJSKernelBackend } = await import('@tensorflow/tfjs-node/dist/nodejs_kernel_backend.js');
  tf.registerBackend(NATIVE_BACKEND, () => new NodeJSKernelBackend(binding, '@tensorflow/tfjs-node'), 3);
}

function loadFailure(file: string, reason: string, cause?: unknown): FinePruneError {
  return new FinePruneError(
    {
      kind: 'engine',
      code: 'engine.native.load',
      message: `The native engine does not load: ${reason.split('\n')[0]}.`,
      file,
      todo: 'Run `fine-prune engine remove`, then `fine-prune engine install`, or use the WASM backend.',
    },
    { cause },
  );
}
