import path from 'node:path';
import type { NativeSources } from '../native-sources';
import { installFailure, reasonOf } from './failure';
import { TENSORFLOW_LIBRARIES } from './python';
import { canRun, failureLine, run } from './run';

const COMPILERS = ['g++', 'c++', 'clang++'];
const UNITS = ['tfjs_backend', 'tfjs_binding'];
const INSTALL_COMPILER = 'Install g++: `apt install g++`, `dnf install gcc-c++`, or what your system calls it.';

/** The C++ compiler of this machine. @throws FinePruneError `engine.install.compile` when there is none */
export async function findCompiler(env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  for (const command of COMPILERS) if (await canRun(command, env, signal)) return command;
  throw installFailure('compile', `there is no C++ compiler (${COMPILERS.join(', ')}) on the PATH.`, INSTALL_COMPILER);
}

interface Compilation {
  compiler: string;
  sources: NativeSources;
  /** Headers of TensorFlow's C interface. */
  tensorflowInclude: string;
  /** Where the object files go, and where the libraries are or will be. */
  folder: string;
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
}

/** Compiles tfjs-node's sources to object files; needs the headers only, so it runs while the libraries are unpacked. */
export async function compileObjects({
  compiler,
  sources,
  tensorflowInclude,
  folder,
  env,
  signal,
}: Compilation): Promise<string[]> {
  const objects: string[] = [];
  for (const unit of UNITS) {
    const object = path.join(folder, `${unit}.o`);
    await compilerRun(
      compiler,
      [
        '-std=c++17',
        '-O2',
        '-fPIC',
        '-DNAPI_VERSION=8',
        // Its error messages name source files; the folder of the machine that compiled them is nobody's affair.
        `-ffile-prefix-map=${sources.binding}=binding`,
        '-I',
        sources.napiInclude,
        '-I',
        tensorflowInclude,
        '-c',
        path.join(sources.binding, `${unit}.cc`),
        '-o',
        object,
      ],
      env,
      signal,
    );
    objects.push(object);
  }
  return objects;
}

/** Links the object files against the libraries beside `output`; the addon finds them by its own place, wherever it is moved. */
export async function linkBinding(
  objects: string[],
  output: string,
  { compiler, env, signal }: Pick<Compilation, 'compiler' | 'env' | 'signal'>,
): Promise<void> {
  const libraries = TENSORFLOW_LIBRARIES.map((name) => `-l:${name}`);
  await compilerRun(
    compiler,
    ['-shared', ...objects, '-o', output, '-L', path.dirname(output), ...libraries, '-Wl,-rpath,$ORIGIN'],
    env,
    signal,
  );
}

/** Drops what only a linker needs, a third of the size. Without `strip` the engine is just larger. */
export async function stripSymbols(files: string[], env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<void> {
  for (const file of files) {
    try {
      await run('strip', ['--strip-unneeded', file], { env, signal });
    } catch {
      signal?.throwIfAborted();
    }
  }
}

async function compilerRun(
  compiler: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  signal?: AbortSignal,
): Promise<void> {
  try {
    const result = await run(compiler, args, { env, signal });
    if (result.code === 0) return;
    throw installFailure(
      'compile',
      `${compiler} says: ${failureLine(result)}.`,
      `Check that ${compiler} supports C++17 and has its standard library.`,
    );
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw installFailure('compile', `${compiler} cannot be started (${reasonOf(error)}).`, INSTALL_COMPILER, {
      cause: error,
    });
  }
}
