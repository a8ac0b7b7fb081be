import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { BINDING_FILE, packageFolder } from '../native-sources';
import type { BeginStep } from './builders';
import { installFailure, reasonOf } from './failure';
import type { EngineBuilder } from './place';
import { failureLine, run } from './run';
import { probeBinding } from './verify';

const PACKAGE = '@tensorflow/tfjs-node';
const VERSION = '4.22.0';
const TODO = 'Use the WASM backend, or set FINE_PRUNE_NATIVE_BINDING to your own binding.';
/** It sends no progress to programs and has no limit of its own. */
const TIMEOUT_MS = 15 * 60_000;

/**
 * Runs tfjs-node's own installer, which knows other platforms too, on a copy of the package: it
 * rewrites its package.json and deletes folders, and node_modules is not ours to change.
 */
export function tfjsNodeBuilder({ env, beginStep }: { env: NodeJS.ProcessEnv; beginStep: BeginStep }): EngineBuilder {
  return {
    origin: 'tfjs-node',
    async build(staging, signal) {
      beginStep("Running tfjs-node's own installer")(0, 1);
      const source = packageFolder(PACKAGE) ?? (await fetchPackage(path.join(staging, '.work'), env, signal));
      for (const name of ['package.json', 'scripts', 'binding', 'binding.gyp']) {
        await cp(path.join(source, name), path.join(staging, name), { recursive: true });
      }
      const modules = path.dirname(path.dirname(source));
      const childEnv = {
        ...env,
        NODE_PATH: modules,
        PATH: [path.join(modules, '.bin'), path.dirname(process.execPath), env.PATH]
          .filter(Boolean)
          .join(path.delimiter),
        ELECTRON_RUN_AS_NODE: '1',
        TMPDIR: staging,
      };
      const result = await run(process.execPath, ['scripts/install.js', 'cpu', 'download'], {
        cwd: staging,
        env: childEnv,
        signal,
        timeoutMs: TIMEOUT_MS,
      });
      const names = (await readdir(staging, { recursive: true })).map((name) => name.split(path.sep).join('/'));
      const files = names.filter((name) =>
        /^(lib\/napi-v\d+|deps\/lib)\/[^/]*(\.node|\.dll|\.dylib|\.so[.\d]*)$/.test(name),
      );
      const binding = files.find((name) => name.endsWith(`/${BINDING_FILE}`));
      if (result.code !== 0 || !binding) throw installFailure('tfjsNode', `it says: ${failureLine(result)}.`, TODO);
      const tensorflowVersion = await probeBinding(path.join(staging, binding), env, signal);
      for (const name of await readdir(staging)) {
        if (name !== 'lib' && name !== 'deps') await rm(path.join(staging, name), { recursive: true });
      }
      await rm(path.join(staging, 'deps', 'include'), { recursive: true, force: true });
      return { tensorflowVersion, binding, files };
    },
  };
}

/** A packaged build carries no node_modules; npm brings the installer and what it requires. */
async function fetchPackage(folder: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string> {
  await mkdir(folder, { recursive: true });
  const windows = process.platform === 'win32';
  const args = [
    'install',
    '--ignore-scripts',
    '--no-save',
    '--no-package-lock',
    '--no-audit',
    '--no-fund',
    `${PACKAGE}@${VERSION}`,
  ];
  try {
    const result = await run(windows ? 'npm.cmd' : 'npm', args, {
      cwd: folder,
      env,
      signal,
      shell: windows,
      timeoutMs: TIMEOUT_MS,
    });
    if (result.code !== 0) throw new Error(failureLine(result));
  } catch (error) {
    signal.throwIfAborted();
    throw installFailure('tfjsNode', `npm cannot install ${PACKAGE}@${VERSION} (${reasonOf(error)}).`, TODO, {
      cause: error,
    });
  }
  return path.join(folder, 'node_modules', PACKAGE);
}
