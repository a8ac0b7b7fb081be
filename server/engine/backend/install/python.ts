import { existsSync } from 'node:fs';
import path from 'node:path';
import { run } from './run';

/** The two libraries of a TensorFlow wheel that the binding needs; these names are their SONAMEs too. */
export const TENSORFLOW_LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;

/** A TensorFlow found in the user's Python, complete enough to build against. */
export interface PythonTensorflow {
  /** The package's folder, with the libraries in it. */
  folder: string;
  /** Folder to compile against, with `tensorflow/c/c_api.h` below. */
  include: string;
  /** As its metadata says, such as `2.21.0`; unknown for a build without any. */
  version?: string;
}

/**
 * `find_spec` of a top-level name reads no code of the package: importing TensorFlow takes seconds,
 * and a broken one would take us down with it. The working folder leaves the search path, because a
 * folder called "tensorflow" in a workspace is not the user's TensorFlow.
 */
const FIND_TENSORFLOW = `
import sys
sys.path = [p for p in sys.path if p not in ("", ".")]
import importlib.util, json
spec = importlib.util.find_spec("tensorflow")
folders = list(spec.submodule_search_locations or []) if spec else []
version = None
if folders:
    import importlib.metadata as metadata
    for name in ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tf-nightly", "tf-nightly-cpu"):
        try:
            version = metadata.version(name)
            break
        except metadata.PackageNotFoundError:
            pass
print(json.dumps({"folders": folders, "version": version}))
`;

/** The Python to ask: $FINE_PRUNE_PYTHON, else the one a terminal would start. */
export function pythonCommand(env: NodeJS.ProcessEnv): string {
  return env.FINE_PRUNE_PYTHON || (process.platform === 'win32' ? 'python' : 'python3');
}

/** TensorFlow in the user's Python, or undefined: no Python, no TensorFlow, or one without its C library or headers. */
export async function findPythonTensorflow(
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<PythonTensorflow | undefined> {
  try {
    const { code, stdout } = await run(pythonCommand(env), ['-c', FIND_TENSORFLOW], { env, signal, timeoutMs: 30_000 });
    if (code !== 0) return undefined;
    const found = JSON.parse(stdout) as { folders: string[]; version: string | null };
    for (const folder of found.folders) {
      const include = path.join(folder, 'include');
      const needed = [
        ...TENSORFLOW_LIBRARIES.map((name) => path.join(folder, name)),
        path.join(include, 'tensorflow', 'c', 'c_api.h'),
      ];
      if (needed.every((file) => existsSync(file)))
        return { folder, include, ...(found.version !== null && { version: found.version }) };
    }
  } catch {
    signal?.throwIfAborted();
  }
  return undefined;
}
