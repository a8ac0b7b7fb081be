import { cp, mkdir, rm, statfs, symlink } from 'node:fs/promises';
import path from 'node:path';
import { BINDING_FILE, nativeSources, type NativeSources } from '../native-sources';
import { compileObjects, findCompiler, linkBinding, stripSymbols } from './compile';
import { installFailure } from './failure';
import type { BuiltEngine, EngineBuilder } from './place';
import { TENSORFLOW_LIBRARIES, type PythonTensorflow } from './python';
import { probeBinding } from './verify';
import { WHEEL, checkWheel, downloadWheel, extractHeaders, extractLibraries, type Progress } from './wheel';
import { megabytes } from '../../../protocol/words';

/** Announces the step that begins now; the function it returns tells how much of it is done. */
export type BeginStep = (step: string) => Progress;

interface Context {
  env: NodeJS.ProcessEnv;
  beginStep: BeginStep;
}

/** Wheel, libraries, and the copies that `strip` makes of them: the most that lies on the disk at once. */
const WHEEL_SPACE = 1_750_000_000;

const FILES = [BINDING_FILE, ...TENSORFLOW_LIBRARIES];

/** Links the libraries of the user's own TensorFlow beside a binding of ours: nothing is downloaded, next to nothing stored. */
export function pythonBuilder(tensorflow: PythonTensorflow, { env, beginStep }: Context): EngineBuilder {
  return {
    origin: 'python',
    async build(staging, signal) {
      const maker = await bindingMaker(env, signal);
      for (const name of TENSORFLOW_LIBRARIES)
        await symlink(path.join(tensorflow.folder, name), path.join(staging, name));
      const progress = beginStep("Compiling the binding against the TensorFlow of the user's Python");
      progress(0, 1);
      return await maker.finish(
        staging,
        () => Promise.resolve(tensorflow.include),
        () => Promise.resolve(),
        [],
        signal,
      );
    },
  };
}

/** Takes the libraries out of the pinned wheel. */
export function wheelBuilder({ env, beginStep }: Context): EngineBuilder {
  return {
    origin: 'wheel',
    async build(staging, signal) {
      const maker = await bindingMaker(env, signal);
      await checkSpace(staging);
      const work = workFolder(staging);
      const wheel = await downloadWheel(
        path.join(work, 'wheel'),
        env,
        beginStep(`Downloading ${WHEEL.requirement}`),
        signal,
      );
      beginStep('Checking the sha256 of the wheel')(0, 1);
      await checkWheel(wheel, signal);
      const progress = beginStep('Unpacking the libraries and compiling the binding');
      return await maker.finish(
        staging,
        (s) => extractHeaders(wheel, work, s),
        async (s) => {
          await extractLibraries(wheel, staging, progress, s);
          beginStep('Linking, and removing symbols')(0, 1);
        },
        [...TENSORFLOW_LIBRARIES],
        signal,
      );
    },
  };
}

interface BindingMaker {
  /**
   * Completes the engine in `staging`: a prebuilt binding if one loads, else a compiled one.
   * @param headers gives the folder to compile against
   * @param libraries puts the libraries in place; runs beside the compiler
   * @param ours the libraries that may be stripped
   */
  finish(
    staging: string,
    headers: (signal: AbortSignal) => Promise<string>,
    libraries: (signal: AbortSignal) => Promise<void>,
    ours: string[],
    signal: AbortSignal,
  ): Promise<BuiltEngine>;
}

/** Looks for everything a binding takes before anything large is downloaded. */
async function bindingMaker(env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<BindingMaker> {
  const sources = nativeSources();
  if (!sources) {
    throw installFailure(
      'sources',
      "tfjs-node's C++ files and Node's headers are neither in this build nor in node_modules.",
      'Run `npm ci`, or reinstall Fine-Prune.',
    );
  }
  const { prebuilt } = sources;
  const compiler = prebuilt ? undefined : await findCompiler(env, signal);
  return {
    async finish(staging, headers, libraries, ours, outerSignal) {
      const binding = path.join(staging, BINDING_FILE);
      const work = workFolder(staging);
      await mkdir(work, { recursive: true });
      // A compiler that is killed leaves its temporary files where they are removed with the rest.
      const toolEnv = { ...env, TMPDIR: work };
      const compile = async (compilerName: string, s: AbortSignal): Promise<string[]> =>
        compileObjects({
          compiler: compilerName,
          sources: sources satisfies NativeSources,
          tensorflowInclude: await headers(s),
          folder: work,
          env: toolEnv,
          signal: s,
        });

      let version: string | undefined;
      if (prebuilt) {
        await libraries(outerSignal);
        await cp(prebuilt, binding);
        version = await probeBinding(binding, env, outerSignal).catch(() => undefined);
        outerSignal.throwIfAborted();
      }
      if (version === undefined) {
        const name = compiler ?? (await findCompiler(env, outerSignal));
        const [objects] = await together(
          outerSignal,
          (s) => compile(name, s),
          prebuilt ? () => Promise.resolve() : libraries,
        );
        await linkBinding(objects, binding, { compiler: name, env: toolEnv, signal: outerSignal });
      }
      await stripSymbols([...ours.map((file) => path.join(staging, file)), binding], toolEnv, outerSignal);
      await rm(work, { recursive: true });
      return { tensorflowVersion: await probeBinding(binding, env, outerSignal), binding: BINDING_FILE, files: FILES };
    },
  };
}

/** Runs two tasks at once; when one fails, the other is stopped and awaited before the failure goes on. */
async function together<A, B>(
  signal: AbortSignal,
  a: (s: AbortSignal) => Promise<A>,
  b: (s: AbortSignal) => Promise<B>,
): Promise<[A, B]> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const guarded = async <T>(task: (s: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await task(both);
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const [first, second] = await Promise.allSettled([guarded(a), guarded(b)]);
  signal.throwIfAborted();
  if (first.status === 'rejected' || second.status === 'rejected') throw stop.signal.reason;
  return [first.value, second.value];
}

async function checkSpace(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= WHEEL_SPACE) return;
  const reason = `${megabytes(free - (free % 1e6))} are free in ${path.dirname(folder)}, ${megabytes(WHEEL_SPACE)} are needed while unpacking.`;
  throw installFailure('disk', reason, 'Free some space, or set FINE_PRUNE_CACHE to a folder on another disk.', {
    file: path.dirname(folder),
  });
}

/** What is needed only while building; below staging, so that it goes with it whatever happens. */
function workFolder(staging: string): string {
  return path.join(staging, '.work');
}
