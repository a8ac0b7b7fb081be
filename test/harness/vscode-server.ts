import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ensureVsCode } from './install';
import { waitFor } from './poll';
import { makeTempDir, onShutdown, run, startGroup, type ProcessGroup } from './processes';
import { quietSettings, typingSettings } from './settings';

/** How to start a VS Code server. */
export interface StartOptions {
  /** Folder of installed extensions. Default: a fresh one, empty but for `installVsix`. */
  readonly extensionsDir?: string;
  /** A `.vsix` file to install before the start, as a person does. */
  readonly installVsix?: string;
  /** An extension's own folder, used in place as if it were installed. */
  readonly linkExtension?: string;
  /**
   * Accepts `extensionDevelopmentPath` and `extensionTestsPath` in the payload, as host tests need it.
   * VS Code then refuses to show modal dialogs. Default false.
   */
  readonly forTests?: boolean;
  /** The folder, or `.code-workspace` file, that `url()` opens when it is given none. */
  readonly folder?: string;
  /** True: the editor completes, closes brackets and indents, as a person expects it. Default false. */
  readonly forPerson?: boolean;
  /** User settings on top of those in settings.ts. */
  readonly extraSettings?: Readonly<Record<string, unknown>>;
  /** True: workspaces begin untrusted and VS Code asks, as it does for a person. Default false. */
  readonly workspaceTrust?: boolean;
  /** Added to the environment of the server, and so of the extension host. `undefined` takes a variable away. */
  readonly env?: NodeJS.ProcessEnv;
  /** Port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
}

/** Pairs of key and value that the workbench reads from its address. */
export type Payload = readonly (readonly [key: string, value: string])[];

/** A running VS Code server. */
export interface VsCodeServer {
  readonly port: number;
  /** VS Code's version. */
  readonly version: string;
  /** A temporary folder that holds everything it writes; removed by `stop()`. */
  readonly dataDir: string;
  /** The folder of installed extensions. */
  readonly extensionsDir: string;
  /** The `settings.json` that the workbench watches. */
  readonly settingsFile: string;
  /** All user settings at the start. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The address of a workbench with this folder (or `.code-workspace` file) open. */
  url(folder?: string, payload?: Payload): string;
  /** The URI by which the browser names a path of this machine. */
  remoteUri(file: string): string;
  /** Resolves when the server has ended, however that came. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** What server and extension host have printed so far. */
  output(): string;
  /** Ends the server and all its descendants and removes `dataDir`. Safe to call twice. */
  stop(): Promise<void>;
}

/** Our own environment, without what would leak from this process or this person into the tests: a person's first start has no native engine. */
function serverEnv(dataDir: string, extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(NODE_OPTIONS$|NODE_PATH$|VSCODE_|ELECTRON_|XDG_|npm_|MOCHA_|FINE_PRUNE_CACHE$)/.test(name),
    ),
  );
  return {
    ...clean,
    HOME: path.join(dataDir, 'home'),
    TMPDIR: path.join(dataDir, 'tmp'),
    XDG_RUNTIME_DIR: path.join(dataDir, 'run'),
    EXTENSIONS_GALLERY: '{}', // no marketplace
    ...extra,
  };
}

/**
 * Starts a real VS Code server, with a folder of its own for everything it writes, and waits until it answers.
 * The server is installed first when it is missing.
 * @throws Error when the VSIX does not install or the server does not start; nothing is left running then
 */
export async function startVsCode(options: StartOptions = {}): Promise<VsCodeServer> {
  const build = await ensureVsCode();
  const temp = makeTempDir();
  const dataDir = temp.dir;
  const at = (...names: string[]): string => path.join(dataDir, ...names);
  const extensionsDir = options.extensionsDir ?? at('extensions');
  const settings = {
    ...quietSettings,
    ...(options.forPerson ? {} : typingSettings),
    'security.workspace.trust.enabled': options.workspaceTrust ?? false,
    'security.workspace.trust.startupPrompt': 'once', // its default depends on the version
    ...options.extraSettings,
  };
  const dataFlags = [
    '--accept-server-license-terms',
    '--server-data-dir',
    at('server'),
    '--user-data-dir',
    at('user'),
    '--extensions-dir',
    extensionsDir,
  ];
  const serverFlags = [
    '--host',
    '127.0.0.1',
    '--port',
    String(options.port ?? 0),
    '--without-connection-token',
    '--telemetry-level',
    'off',
    ...(options.forTests ? ['--enable-smoke-test-driver'] : []),
    ...(options.workspaceTrust ? [] : ['--disable-workspace-trust']),
  ];
  const env = serverEnv(dataDir, options.env);
  let group: ProcessGroup | undefined;
  const stop = onShutdown(async () => {
    await group?.stop();
    await temp.remove();
  });
  try {
    for (const dir of ['home', 'tmp', 'run', 'extensions']) await mkdir(at(dir), { recursive: true, mode: 0o700 });
    await mkdir(at('user', 'User'), { recursive: true });
    const settingsFile = at('user', 'User', 'settings.json');
    await writeFile(settingsFile, JSON.stringify(settings, null, 2));

    if (options.linkExtension) {
      const { publisher, name, version } = JSON.parse(
        await readFile(path.join(options.linkExtension, 'package.json'), 'utf8'),
      ) as Record<string, string>;
      await symlink(
        path.resolve(options.linkExtension),
        path.join(extensionsDir, `${publisher}.${name}-${version}`),
        'dir',
      );
    }
    if (options.installVsix) {
      const vsix = path.resolve(options.installVsix);
      const output = await run(build.node, [build.serverMain, ...dataFlags, '--install-extension', vsix], {
        env,
        deadlineMs: 120_000,
      });
      if (!/successfully installed/i.test(output)) throw new Error(`VS Code did not install ${vsix}:\n${output}`);
    }

    const server = await startGroup(build.node, [build.serverMain, ...serverFlags, ...dataFlags], {
      logFile: at('server.log'),
      env,
    });
    group = server;
    const { port } = await waitFor(
      'the VS Code server to listen',
      () => {
        const port = Number(/Extension host agent listening on (\d+)/.exec(server.output())?.[1] ?? 0);
        return (port > 0 || !server.running()) && { port };
      },
      { deadlineMs: 30_000 },
    );
    if (port === 0) throw new Error(`The VS Code server ended at once:\n${server.output()}`);
    await waitFor('the VS Code server to answer', async () => (await fetch(`http://127.0.0.1:${port}/version`)).ok);

    const remoteUri = (file: string): string =>
      `vscode-remote://127.0.0.1:${port}${path.resolve(file).split(path.sep).map(encodeURIComponent).join('/')}`;
    return {
      port,
      version: build.version,
      dataDir,
      extensionsDir,
      settingsFile,
      settings,
      remoteUri,
      url: (folder = options.folder, payload = []) => {
        const url = new URL(`http://127.0.0.1:${port}/`);
        if (folder)
          url.searchParams.set(folder.endsWith('.code-workspace') ? 'workspace' : 'folder', path.resolve(folder));
        else url.searchParams.set('ew', 'true'); // an empty window, not the last one
        if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
        return url.href;
      },
      exited: server.exited,
      output: server.output,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
