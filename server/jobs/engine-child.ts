import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { oneDnnEnvironment, type OneDnnFault } from '../engine/backend/one-dnn';
import { outOfMemory } from '../engine/process/failure';
import type { EngineCommand } from '../protocol/messages/engine';
import type { Failure } from '../protocol/errors';
import type { InspectCommand } from '../protocol/messages/inspect-engine';

/** How the engine's process is started. */
export interface ChildOptions {
  /** Entry of the engine process; default: beside this bundle, or the source. */
  workerPath?: string;
  /** Node that runs it; default: the one that runs this. */
  execPath?: string;
  /** Threads of the native engine, unless the request says. Default 1. */
  threads?: number;
  /** Limit of the JavaScript heap in MB. Default: Node's own. */
  heapMb?: number;
}

const LOG_TAIL = 8 * 1024;

const alive = new Set<ChildProcess>();
let guarding = false;

/** The process has ended: nobody has to see to that any more. */
export function forget(child: ChildProcess): void {
  alive.delete(child);
}

/**
 * Starts the engine process; it ends with this one, however this one ends.
 * @param fault why it is to run without oneDNN, though nobody asked for that
 */
export function startChild(options: ChildOptions, fault: OneDnnFault | null = null): ChildProcess {
  const entry = options.workerPath ?? defaultWorker();
  const execArgv = entry.endsWith('.ts')
    ? ['--import', pathToFileURL(createRequire(__filename).resolve('tsx')).href]
    : [];
  if (options.heapMb) execArgv.push(`--max-old-space-size=${options.heapMb}`);
  const child = fork(entry, [], {
    execPath: options.execPath ?? process.execPath,
    execArgv,
    env: engineEnvironment(options.threads ?? 1, fault),
    // Progress may carry NaN, which JSON turns into null.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    windowsHide: true,
  } as Parameters<typeof fork>[2]);
  alive.add(child);
  if (!guarding) {
    guarding = true;
    process.on('exit', () => {
      for (const one of alive) one.kill('SIGKILL');
    });
  }
  return child;
}

function defaultWorker(): string {
  const bundled = path.join(__dirname, 'worker.js');
  return existsSync(bundled) ? bundled : path.join(__dirname, '..', 'engine', 'worker.ts');
}

/** The parent's environment without what would debug, preload or reconfigure the child, and with what TensorFlow reads. */
function engineEnvironment(threads: number, fault: OneDnnFault | null): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of [
    'NODE_OPTIONS',
    'NODE_INSPECT_RESUME_ON_START',
    'VSCODE_INSPECTOR_OPTIONS',
    'NODE_CHANNEL_FD',
    'NODE_V8_COVERAGE',
  ])
    delete env[name];
  return {
    ...env,
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: String(threads),
    TF_CPP_MIN_LOG_LEVEL: '3',
    ...oneDnnEnvironment(fault),
  };
}

/** Keeps the end of what the process prints; TensorFlow prints there in the best of health, so it means nothing by itself. */
export function tail(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-LOG_TAIL);
    });
  }
  return () => text.trim();
}

/** Sends a command, if the process still listens. */
export function tell(child: ChildProcess, command: EngineCommand | InspectCommand): void {
  // The channel may close under us; the exit that follows tells more than this error would.
  if (child.connected) child.send(command, () => undefined);
}

/**
 * @param text the last that it printed
 * @param again what the person may do once more
 */
export function whyItDied(
  code: number | null,
  signal: NodeJS.Signals | null,
  text: string,
  again = 'Run again',
): Failure {
  const how = signal ? `signal ${signal}` : `exit code ${code}`;
  if (/heap out of memory|bad_alloc|cannot allocate memory|out of memory/i.test(text))
    return outOfMemory(`The engine ran out of memory (${how})`);
  if (signal === 'SIGKILL' || code === 137)
    return outOfMemory(
      'The engine was killed from outside (SIGKILL), most likely by the system because memory ran out',
    );
  return {
    kind: 'engine',
    code: 'engine.crashed',
    message: `The engine crashed (${how}).`,
    todo: `${again}; if it crashes again, choose the backend \`wasm\` and report this with the log.`,
  };
}

/** Why there is no process at all. */
export function notStarted(error: Error): Failure {
  return {
    kind: 'engine',
    code: 'engine.start',
    message: `The engine process could not be started: ${error.message}.`,
    todo: 'Check which Node.js is configured for the engine.',
  };
}
