import { chmod, cp, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { ensureVsCode, projectRoot } from '../harness/install';
import { makeTempDir, run } from '../harness/processes';
import { writeSmallModel } from '../protocol/demo-folder';
import { resultsVariable, smallModelVariable, type HostResults } from './results';

/** What to test, and in which surroundings. */
export interface HostRun {
  /** Folder of the extension under test. Default: the project. */
  readonly extension?: string;
  /** The index.js of a suite, bundled by bundle-host.mjs. Default: the project's. */
  readonly suite?: string;
  /** A folder whose copy is the workspace. Default: an empty one. */
  readonly workspace?: string;
  /** Added to the environment of the extension host. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * The VS Code to test in: `FINE_PRUNE_VSCODE=desktop` downloads the desktop program, `oldest` and `current` are the
 * browser VS Code. Unset, a machine with a display takes the desktop program where that can be had.
 * @returns its executable
 */
async function vsCodeExecutable(): Promise<string> {
  const wish = process.env.FINE_PRUNE_VSCODE;
  const hasDisplay = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  if (wish === 'desktop' || (!wish && hasDisplay)) {
    try {
      return await downloadAndUnzipVSCode({ extensionDevelopmentPath: projectRoot });
    } catch (error) {
      if (wish === 'desktop' || process.platform !== 'linux') throw error;
      console.error(
        `The desktop VS Code could not be downloaded (${(error as Error).message}); taking the browser VS Code.`,
      );
    }
  }
  await ensureVsCode(); // here and not in the stand-in, so that its time does not count as the tests' time
  const standIn = path.join(projectRoot, 'test', 'harness', 'stand-in.mjs');
  await chmod(standIn, 0o755); // an unpacked source archive may have lost it
  return standIn;
}

/**
 * Runs host tests inside a real VS Code by `@vscode/test-electron`.
 * @returns the results that the suite wrote, also when tests failed
 * @throws Error when VS Code did not come to the end of the suite, or its exit code contradicts the results
 */
export async function runHostTests(options: HostRun = {}): Promise<HostResults> {
  const vscodeExecutablePath = await vsCodeExecutable();
  const temp = makeTempDir();
  try {
    const workspace = path.join(temp.dir, 'workspace');
    if (options.workspace) await cp(options.workspace, workspace, { recursive: true });
    else await mkdir(workspace);
    const smallModel = path.join(temp.dir, 'small-model');
    await mkdir(smallModel);
    await writeSmallModel(smallModel);
    const resultsFile = path.join(temp.dir, 'results.json');
    let ending: unknown;
    await runTests({
      vscodeExecutablePath,
      extensionDevelopmentPath: options.extension ?? projectRoot,
      extensionTestsPath: options.suite ?? path.join(projectRoot, 'dist', 'test', 'host', 'index.js'),
      launchArgs: [workspace],
      reuseMachineInstall: vscodeExecutablePath.endsWith('stand-in.mjs'), // it makes a profile of its own
      extensionTestsEnv: { ...options.env, [smallModelVariable]: smallModel, [resultsVariable]: resultsFile },
    }).catch((error: unknown) => (ending = error));
    const text = await readFile(resultsFile, 'utf8').catch(() => undefined);
    if (text === undefined) throw new Error('VS Code ended without results of the host tests', { cause: ending });
    const results = JSON.parse(text) as HostResults;
    if (results.tests.length === 0) throw new Error('No host test ran');
    if (results.failed > 0 !== Boolean(ending))
      throw new Error('Exit code and results of the host tests disagree', { cause: ending });
    return results;
  } finally {
    await temp.remove();
  }
}

async function main(): Promise<void> {
  await run(process.execPath, [path.join(projectRoot, 'test', 'harness', 'bundle-host.mjs')]);
  const { tests, passed, failed } = await runHostTests();
  for (const { title, state, ms, error } of tests) {
    console.log(`${state === 'passed' ? '✔' : '✘'} ${title} (${ms} ms)`);
    if (error) console.log(error.replace(/^/gm, '    '));
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

if (process.argv[1] === __filename) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
