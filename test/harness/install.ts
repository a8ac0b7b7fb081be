import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { onShutdown, run } from './processes';

/** The folder of the whole project. */
export const projectRoot = path.resolve(__dirname, '../..');

/** Where large downloads for tests are kept. */
export const cacheDir = path.join(projectRoot, '.cache');

/**
 * The oldest VS Code that the extension supports (`engines.vscode`), on the Node that runs the tests;
 * and a current one, which needs a newer Node and brings it along. Both as code-server packages, because
 * those carry the complete server build of VS Code and can be had from any npm registry.
 */
const lanes = {
  oldest: { codeServer: '4.100.3', node: undefined, ripgrep: '1.18.0' },
  current: { codeServer: '4.139.1', node: '24.21.0', ripgrep: undefined },
} as const;

/** An installed VS Code server. */
export interface VsCodeBuild {
  /** VS Code's own version, as in `vscode.version`. */
  readonly version: string;
  /** The node that has to run it. */
  readonly node: string;
  /** Its `server-main.js`. */
  readonly serverMain: string;
}

type Log = (line: string) => void;

/** Unpacks one npm package into `target`; nothing of it is run. */
async function unpack(spec: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  // --prefix: under `npm run` the environment names our own project as the place to work in.
  await run('npm', ['pack', spec, '--prefix', target, '--pack-destination', target, '--loglevel=error'], {
    cwd: target,
  });
  const archive = (await readdir(target)).find((name) => name.endsWith('.tgz'));
  if (!archive) throw new Error(`npm pack made no archive of ${spec}`);
  await run('tar', ['-xzf', archive, '--strip-components=1'], { cwd: target });
  await rm(path.join(target, archive));
}

/**
 * Puts plain JavaScript in the place of the two native modules whose absence shows: Output panels would be empty,
 * and each process of the server would complain at length. What else is native is optional to the server.
 */
async function replaceNativeModules(vscode: string): Promise<void> {
  for (const [name, shim] of [
    ['@vscode/spdlog', 'spdlog.cjs'],
    ['native-watchdog', 'watchdog.cjs'],
    ['@vscode/native-watchdog', 'watchdog.cjs'],
  ] as const) {
    const manifest = path.join(vscode, 'node_modules', name, 'package.json');
    if (!existsSync(manifest)) continue; // the watchdog's name depends on the version
    const { main = 'index.js' } = JSON.parse(await readFile(manifest, 'utf8')) as { main?: string };
    await copyFile(path.join(__dirname, 'native', shim), path.join(path.dirname(manifest), main));
  }
}

async function installInto(dir: string, lane: (typeof lanes)[keyof typeof lanes], log: Log): Promise<void> {
  log(`  unpacking code-server ${lane.codeServer}`);
  await unpack(`code-server@${lane.codeServer}`, path.join(dir, 'code-server'));
  const vscode = path.join(dir, 'code-server', 'lib', 'vscode');
  log('  installing the dependencies of its VS Code server');
  // Their scripts would compile native modules, for minutes and with a compiler; see replaceNativeModules.
  await run(
    'npm',
    ['install', '--prefix', vscode, '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: vscode },
  );
  await replaceNativeModules(vscode);
  if (lane.ripgrep) {
    // Its install script would have fetched ripgrep; without it `workspace.findFiles` throws.
    log(`  adding ripgrep`);
    const unpacked = path.join(dir, 'ripgrep');
    await unpack(`@vscode/ripgrep-universal@${lane.ripgrep}`, unpacked);
    const bin = path.join(vscode, 'node_modules', '@vscode', 'ripgrep', 'bin');
    await mkdir(bin, { recursive: true });
    await copyFile(path.join(unpacked, 'bin', `${process.platform}-${process.arch}`, 'rg'), path.join(bin, 'rg'));
    await chmod(path.join(bin, 'rg'), 0o755);
    await rm(unpacked, { recursive: true });
  }
  if (lane.node) {
    log(`  unpacking Node ${lane.node}`);
    await unpack(`node-${process.platform}-${process.arch}@${lane.node}`, path.join(dir, 'node'));
  }
}

async function describe(dir: string, lane: (typeof lanes)[keyof typeof lanes]): Promise<VsCodeBuild> {
  const vscode = path.join(dir, 'code-server', 'lib', 'vscode');
  const { version } = JSON.parse(await readFile(path.join(vscode, 'package.json'), 'utf8')) as { version: string };
  return {
    version,
    node: lane.node ? path.join(dir, 'node', 'bin', 'node') : process.execPath,
    serverMain: path.join(vscode, 'out', 'server-main.js'),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Removes what installations left behind that were killed. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const pid = /^vscode-.*\.(\d+)\.tmp$/.exec(name)?.[1];
    if (pid && !isAlive(Number(pid))) await rm(path.join(cacheDir, name), { recursive: true, force: true });
  }
}

/**
 * The VS Code server for the tests, installed into the cache when it is not there yet (about 290 MB,
 * the current one 730 MB). `FINE_PRUNE_VSCODE=current` selects the current VS Code, else it is the oldest supported.
 * Safe to call twice and at the same time: an installation appears by a rename, and the first one stays.
 * @throws Error when the platform has no such build or an npm package cannot be had
 */
export async function ensureVsCode(log: Log = console.error): Promise<VsCodeBuild> {
  if (process.platform === 'win32') {
    throw new Error(
      'The browser VS Code needs Linux or macOS. On Windows the host tests take the desktop VS Code, which is downloaded.',
    );
  }
  const lane = process.env.FINE_PRUNE_VSCODE === 'current' ? lanes.current : lanes.oldest;
  const target = path.join(cacheDir, `vscode-${lane.codeServer}`);
  if (existsSync(target)) return describe(target, lane);

  await mkdir(cacheDir, { recursive: true });
  await removeLeftovers();
  log(`Installing a VS Code server for the tests into ${path.relative(process.cwd(), target)} (once)`);
  const temporary = `${target}.${process.pid}.tmp`;
  const discard = onShutdown(() => rm(temporary, { recursive: true, force: true }));
  try {
    await installInto(temporary, lane, log);
    await rename(temporary, target).catch((error: unknown) => {
      if (!existsSync(target)) throw error; // else another installation was quicker: use that one
    });
  } finally {
    await discard();
  }
  const build = await describe(target, lane);
  log(`VS Code ${build.version} installed`);
  return build;
}
