import path from 'node:path';
import { pythonBuilder, wheelBuilder, type BeginStep } from './builders';
import { installFailure } from './failure';
import { readEngine, type EngineOrigin } from '../native-manifest';
import { placeEngine, removeEngine, type EngineBuilder } from './place';
import { findPythonTensorflow } from './python';
import { tfjsNodeBuilder } from './tfjs-node';
import { probeBinding } from './verify';
import { WHEEL } from './wheel';
import {
  BUILT_ON,
  PLATFORM,
  engineFolder,
  findNativeEngine,
  type FindOptions,
  type NativeEngineStatus,
} from '../native-sources';
import { forgetFaults } from '../one-dnn';
import { megabytes } from '../../../protocol/words';
import { Throttle } from '../../process/throttle';

export type InstallSource = 'configured' | 'cache' | EngineOrigin;

/** What an installation would do, to be shown before it does it. */
export interface InstallPlan {
  source: InstallSource;
  /** For people: what is taken from where, and what happens when that does not work. */
  description: string;
  /** 0 when nothing is downloaded. */
  downloadBytes: number;
  /** What stays on the disk. */
  diskBytes: number;
  /** Where it goes. */
  folder: string;
}

export interface PlanOptions extends FindOptions {
  /** Takes this source and no other. */
  from?: InstallSource | undefined;
  signal?: AbortSignal | undefined;
}

export interface InstallOptions extends PlanOptions {
  /** At most ten times a second within a step. `done` and `total` are bytes where bytes are moved, else 0 of 1. */
  onProgress(step: string, done: number, total: number): void;
}

/** As far as known without asking a server: libtensorflow 2.9.1 for CPU. */
const TFJS_NODE_DOWNLOAD = { downloadBytes: 100_000_000, diskBytes: 400_000_000 };

/** Says which source an installation would use now, how much it would download and store, and where. */
export async function planInstall(options: PlanOptions = {}): Promise<InstallPlan> {
  const { env = process.env, from, signal } = options;
  const folder = engineFolder(env);
  const status = await findNativeEngine(options);
  const here = { downloadBytes: 0, diskBytes: 0 };
  if (status.path !== undefined && (await suffices(status, options))) {
    // An engine in node_modules, too, is "already there": nothing is to be put into the cache.
    const source = status.source === 'configured' ? 'configured' : status.source === 'cache' ? 'cache' : 'tfjs-node';
    return { source, description: status.why, ...here, folder: path.dirname(status.path) };
  }
  if (status.source === 'configured' && (!from || from === 'configured'))
    return { source: 'configured', description: status.why, ...here, folder };

  const otherwise = from ? '' : ' If that fails, the next source is used';
  if (PLATFORM === BUILT_ON && (!from || from === 'python')) {
    const found = await findPythonTensorflow(env, signal);
    if (found || from === 'python') {
      const what = found
        ? `TensorFlow ${found.version ?? '(version unknown)'} in ${found.folder}, linked.`
        : "There is no usable TensorFlow in the user's Python.";
      const next =
        otherwise &&
        `${otherwise}: the ${WHEEL.requirement} wheel (${megabytes(WHEEL.bytes)} to download, ${megabytes(WHEEL.engineBytes)} on the disk).`;
      return { source: 'python', description: what + next, downloadBytes: 0, diskBytes: 100_000, folder };
    }
  }
  if (PLATFORM === BUILT_ON && (!from || from === 'wheel')) {
    const next =
      otherwise &&
      `${otherwise}: the download of tfjs-node's own installer (about ${megabytes(TFJS_NODE_DOWNLOAD.downloadBytes)}).`;
    const description = `The ${WHEEL.requirement} wheel by pip, sha256 checked: ${megabytes(WHEEL.bytes)} to download, ${megabytes(WHEEL.engineBytes)} on the disk.${next}`;
    return { source: 'wheel', description, downloadBytes: WHEEL.bytes, diskBytes: WHEEL.engineBytes, folder };
  }
  if (from && from !== 'tfjs-node')
    return {
      source: from,
      description: `There is no native engine from "${from}" for ${PLATFORM}.`,
      ...here,
      folder,
    };
  return {
    source: 'tfjs-node',
    description: `What tfjs-node's own installer downloads for ${PLATFORM}, about ${megabytes(TFJS_NODE_DOWNLOAD.downloadBytes)}.`,
    ...TFJS_NODE_DOWNLOAD,
    folder,
  };
}

/**
 * Provides the native engine: uses one that is there, else builds one into the cache from the first
 * source that works. Safe to call twice, at the same time, and to interrupt; nothing half done is ever
 * found by `findNativeEngine`. Asks nothing: show `planInstall` first.
 *
 * @returns the engine that is there now
 * @throws FinePruneError of kind `engine` and code `engine.install.<step>`, naming the step and what to
 *   do; of kind `cancelled` after `signal` aborted, with nothing left behind
 */
export async function installNativeEngine(options: InstallOptions): Promise<NativeEngineStatus> {
  const { env = process.env, from, signal } = options;
  const status = await findNativeEngine(options);
  if (status.source === 'configured' && (!from || from === 'configured'))
    return await checkConfigured(status, env, signal);
  if (status.installed && (await suffices(status, options))) return status;
  if (from === 'configured' || from === 'cache') {
    const todo =
      from === 'cache'
        ? 'Install it from another source.'
        : 'Set FINE_PRUNE_NATIVE_BINDING or the setting to the path of tfjs_binding.node.';
    throw installFailure(
      'configured',
      from === 'cache' ? 'there is no engine in the cache.' : 'no path is configured.',
      todo,
    );
  }
  const beginStep = stepReporter(options.onProgress);
  await placeEngine(engineFolder(env), {
    builders: await builders(env, beginStep, from, signal),
    accept: (manifest) => !from || manifest.source === from,
    onWait: () => beginStep('Waiting for another installation of the engine')(0, 1),
    signal,
  });
  beginStep('The native engine is installed')(1, 1);
  return await findNativeEngine({ env: { ...env, FINE_PRUNE_NATIVE_BINDING: undefined } });
}

/**
 * Removes the engine from the cache (never what is configured or in node_modules), and what was remembered of oneDNN's faults.
 * @returns whether there was one
 */
export async function removeNativeEngine(env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  await forgetFaults(env);
  return await removeEngine(engineFolder(env));
}

/** Whether the engine that was found is the one asked for. */
async function suffices(status: NativeEngineStatus, { env = process.env, from }: PlanOptions): Promise<boolean> {
  if (!from || from === status.source) return true;
  if (status.source !== 'cache') return false;
  return (await readEngine(engineFolder(env))).engine?.manifest.source === from;
}

async function checkConfigured(
  status: NativeEngineStatus,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<NativeEngineStatus> {
  if (status.path === undefined) {
    throw installFailure(
      'configured',
      status.why,
      'Correct the setting (or FINE_PRUNE_NATIVE_BINDING), or remove it to install an engine.',
    );
  }
  return { ...status, tensorflowVersion: await probeBinding(status.path, env, signal) };
}

async function builders(
  env: NodeJS.ProcessEnv,
  beginStep: BeginStep,
  from?: EngineOrigin,
  signal?: AbortSignal,
): Promise<EngineBuilder[]> {
  const context = { env, beginStep };
  if (PLATFORM !== BUILT_ON) {
    if (from && from !== 'tfjs-node') {
      throw installFailure(
        'platform',
        `an engine from "${from}" is built only on ${BUILT_ON}; this is ${PLATFORM}.`,
        'Use the WASM backend, or --from tfjs-node.',
      );
    }
    return [tfjsNodeBuilder(context)];
  }
  const list: EngineBuilder[] = [];
  if (!from || from === 'python') {
    const tensorflow = await findPythonTensorflow(env, signal);
    if (tensorflow) list.push(pythonBuilder(tensorflow, context));
    else if (from)
      throw installFailure(
        'python',
        'there is none, or it has no C library and headers.',
        'Install tensorflow-cpu (2.12 or later) there, or set FINE_PRUNE_PYTHON to another Python.',
      );
  }
  if (!from || from === 'wheel') list.push(wheelBuilder(context));
  if (!from || from === 'tfjs-node') list.push(tfjsNodeBuilder(context));
  return list;
}

/** Reports of a step that is over are dropped, and within a step ten a second are enough. */
function stepReporter(onProgress: InstallOptions['onProgress']): BeginStep {
  let current = 0;
  return (step) => {
    const own = ++current;
    const throttle = new Throttle();
    return (done, total) => {
      if (own === current && throttle.passes(done >= total)) onProgress(step, done, total);
    };
  };
}
