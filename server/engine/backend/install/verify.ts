import { oneDnnEnvironment, oneDnnFaultOf, rememberFault, type OneDnnFault } from '../one-dnn';
import { PLATFORM } from '../native-sources';
import { installFailure, reasonOf } from './failure';
import { failureLine, run, type RunResult } from './run';

/** Loads the addon and squares [1, -3] in TensorFlow; an addon of another package, or a half one, fails here. */
const PROBE = `
const holder = { exports: {} };
process.dlopen(holder, process.argv[1]);
const b = holder.exports;
const input = b.createTensor([2], b.TF_FLOAT, new Float32Array([1, -3]));
const [output] = b.executeOp('Square', [{ name: 'T', type: b.TF_ATTR_TYPE, value: b.TF_FLOAT }], [input], 1);
process.stdout.write(JSON.stringify({ version: b.TF_Version, squares: [...b.tensorDataSync(output.id)] }));
`;

/**
 * Proves in a child process that a binding works; a native abort then ends the child and not us. Where the child dies of what oneDNN
 * is known for, another one tries without, and if that works, this is remembered for this machine and binding.
 * @returns the version of TensorFlow, as the library itself says
 * @throws FinePruneError `engine.install.load` with the loader's own words
 */
export async function probeBinding(binding: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  const first = await probe(binding, env, signal);
  const fault = 'version' in first ? null : oneDnnFaultOf(first.result, env);
  const last = fault ? await probe(binding, { ...env, ...oneDnnEnvironment(fault) }, signal) : first;
  if (!('version' in last)) throw installFailure('load', `${failureLine(last.result)}.`, TODO, { file: binding });
  if (fault) await remember(binding, last.version, fault, env);
  return last.version;
}

const TODO =
  'Remove the engine and install it again; a system with musl, or a C library older than 2.27, cannot load it and uses WASM.';

async function probe(
  binding: string,
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<{ version: string } | { result: RunResult }> {
  // In VS Code the executable is Electron's, which is a Node only when told so.
  const childEnv = { ...env, ELECTRON_RUN_AS_NODE: '1', TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1' };
  const result = await run(process.execPath, ['-e', PROBE, binding], {
    env: childEnv,
    signal,
    timeoutMs: 60_000,
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw installFailure('load', `${reasonOf(error)}.`, TODO, { file: binding, cause: error });
  });
  try {
    const { version, squares } = JSON.parse(result.stdout) as { version: string; squares: number[] };
    if (result.code === 0 && squares[0] === 1 && squares[1] === 9) return { version };
  } catch {
    // No answer: what it printed instead is reported by the caller.
  }
  return { result };
}

/** A folder that can't be written does not make an installation fail: the engine's own start finds the same. */
async function remember(binding: string, version: string, fault: OneDnnFault, env: NodeJS.ProcessEnv): Promise<void> {
  // A configured binding without a manifest does not tell its version before it is loaded.
  for (const known of [{ tensorflowVersion: version }, {}]) {
    await rememberFault({ installed: true, path: binding, why: '', platform: PLATFORM, ...known }, fault, env).catch(
      () => undefined,
    );
  }
}
