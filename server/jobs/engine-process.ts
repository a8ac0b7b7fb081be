import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { outOfMemory } from '../engine/failure';
import type { EngineCommand, EngineEvent, PoisonTrainOutcome, PoisonTrainRequest, RunOutcome, RunRequest } from '../protocol/engine';
import { cancelled, type Failure, FinePruneError } from '../protocol/errors';
import { describeHolder, lockOutput } from './lock';

export interface EngineProcessOptions {
  /** Every event but the last, and what goes wrong beside the run, as it comes. */
  onEvent(event: EngineEvent): void;
  /** Cancels: the process is gone within 2 s. */
  signal: AbortSignal;
  /** Told the id of the process when it has started. */
  onStart?(pid: number): void;
  /** Where the run was started, for other runs that find its lock. Default `another run`. */
  startedFrom?: string;
  /** Entry of the engine process; default: beside this bundle, or the source. */
  workerPath?: string;
  /** Node that runs it; default: the one that runs this. */
  execPath?: string;
  /** Threads of the native engine, unless the request says. Default 1. */
  threads?: number;
  /** Limit of the JavaScript heap in MB. Default: Node's own. */
  heapMb?: number;
}

/** A cancel is a message; if that does not help in time, a signal that can be handled; then one that can't. */
const SIGTERM_AFTER_MS = 1_200;
const SIGKILL_AFTER_MS = 1_700;
/** A process that has told its outcome may take this long to end. */
const EXIT_WITHIN_MS = 2_000;
const LOG_TAIL = 8 * 1024;

const alive = new Set<ChildProcess>();
let guarding = false;

/**
 * Runs the defense in a process of its own, with the lock on its output held meanwhile.
 *
 * @returns what was written, once the process has ended
 * @throws FinePruneError what the engine reports; `engine.crashed` or `engine.outOfMemory` when it dies; `engine.start` when it
 *   can't be started; `output.…` from the lock; `cancelled` when the signal fires
 */
export async function startEngine(request: RunRequest, options: EngineProcessOptions): Promise<RunOutcome> {
  const folder = request.out ?? path.dirname(request.config);
  const name = path.basename(request.config).replace(/(\.fineprune)?\.json$/i, '');
  // A config that is not there is the engine's to report; a lock would make its folder.
  const run = (signal: AbortSignal): Promise<EngineEvent> =>
    supervise({ type: 'run', request }, { ...options, signal, threads: request.overrides?.threads ?? options.threads ?? 1 });
  const last = existsSync(request.config) ? await locked(folder, name, options, run) : await run(options.signal);
  if (last.type !== 'done') throw unexpected(last);
  return last.outcome;
}

/**
 * Makes a backdoored model in a process of its own, with the lock on its output held meanwhile.
 *
 * @throws FinePruneError as startEngine does
 */
export async function startPoisonTrain(request: PoisonTrainRequest, options: EngineProcessOptions): Promise<PoisonTrainOutcome> {
  const last = await locked(request.out, request.name, options, (signal) =>
    supervise({ type: 'poison-train', request }, { ...options, signal, threads: request.threads }),
  );
  if (last.type !== 'poison-trained') throw unexpected(last);
  return last.outcome;
}

async function locked(
  folder: string,
  name: string,
  options: EngineProcessOptions,
  run: (signal: AbortSignal) => Promise<EngineEvent>,
): Promise<EngineEvent> {
  const lost = new AbortController();
  const release = await lockOutput(folder, name, {
    what: options.startedFrom ?? 'another run',
    signal: options.signal,
    onWait: (holder) => options.onEvent({ type: 'log', level: 'info', message: `Waiting for ${describeHolder(holder)}, which writes to the same place.` }),
    onLost: () => lost.abort(),
  });
  try {
    return await run(AbortSignal.any([options.signal, lost.signal]));
  } catch (error) {
    if (!lost.signal.aborted || options.signal.aborted) throw error;
    throw new FinePruneError({
      kind: 'engine',
      code: 'output.lockLost',
      message: 'Another run took over the output while this one was suspended. Nothing was written.',
      file: folder,
      todo: 'Run again.',
    });
  } finally {
    await release();
  }
}

/** Starts the process, sends the command when it is ready, and sees to its end, whatever that is. */
function supervise(command: Exclude<EngineCommand, { type: 'cancel' }>, options: EngineProcessOptions): Promise<EngineEvent> {
  const { onEvent, signal } = options;
  if (signal.aborted) return Promise.reject(cancelled());
  const child = start(options);
  const log = tail(child);

  return new Promise((resolve, reject) => {
    const timers = new Set<NodeJS.Timeout>();
    const killLater = (by: NodeJS.Signals, ms: number): void => void timers.add(setTimeout(() => child.kill(by), ms));
    let last: EngineEvent | undefined;

    const cancel = (): void => {
      tell(child, { type: 'cancel' });
      killLater('SIGTERM', SIGTERM_AFTER_MS);
      killLater('SIGKILL', SIGKILL_AFTER_MS);
    };
    signal.addEventListener('abort', cancel, { once: true });

    child.on('message', (event: EngineEvent) => {
      if (event.type === 'ready') tell(child, command);
      if (event.type === 'done' || event.type === 'poison-trained' || event.type === 'failed') {
        last = event;
        killLater('SIGKILL', EXIT_WITHIN_MS);
      } else onEvent(event);
    });

    const settle = (how: { code: number | null; signal: NodeJS.Signals | null } | { error: Error }): void => {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      alive.delete(child);
      // What was written is written, even if the cancel came in the last moment.
      if (last && last.type !== 'failed') return resolve(last);
      if (signal.aborted) return reject(cancelled());
      const text = log();
      const failure = last?.failure ?? ('error' in how ? notStarted(how.error) : whyItDied(how.code, how.signal, text));
      if (text && failure.kind === 'engine') onEvent({ type: 'log', level: 'warn', message: `The engine's last words:\n${text}` });
      reject(new FinePruneError(failure, { cause: new Error(text) }));
    };
    child.once('spawn', () => options.onStart?.(child.pid ?? 0));
    child.once('error', (error) => {
      if (child.pid === undefined) settle({ error });
    });
    // 'close' and not 'exit': the last message and the last words may still be in their pipes.
    child.once('close', (code, by) => settle({ code, signal: by }));
  });
}

function start(options: EngineProcessOptions): ChildProcess {
  const entry = options.workerPath ?? defaultWorker();
  const execArgv = entry.endsWith('.ts') ? ['--import', pathToFileURL(createRequire(__filename).resolve('tsx')).href] : [];
  if (options.heapMb) execArgv.push(`--max-old-space-size=${options.heapMb}`);
  const child = fork(entry, [], {
    execPath: options.execPath ?? process.execPath,
    execArgv,
    env: engineEnvironment(options.threads ?? 1),
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
function engineEnvironment(threads: number): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of ['NODE_OPTIONS', 'NODE_INSPECT_RESUME_ON_START', 'VSCODE_INSPECTOR_OPTIONS', 'NODE_CHANNEL_FD', 'NODE_V8_COVERAGE']) delete env[name];
  return {
    ...env,
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: String(threads),
    TF_ENABLE_ONEDNN_OPTS: '1',
    TF_CPP_MIN_LOG_LEVEL: '3',
  };
}

/** Keeps the end of what the process prints; TensorFlow prints there in the best of health, so it means nothing by itself. */
function tail(child: ChildProcess): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text = (text + chunk).slice(-LOG_TAIL);
    });
  }
  return () => text.trim();
}

function tell(child: ChildProcess, command: EngineCommand): void {
  // The channel may close under us; the exit that follows tells more than this error would.
  if (child.connected) child.send(command, () => undefined);
}

function whyItDied(code: number | null, signal: NodeJS.Signals | null, text: string): Failure {
  const how = signal ? `signal ${signal}` : `exit code ${code}`;
  if (/heap out of memory|bad_alloc|cannot allocate memory|out of memory/i.test(text)) return outOfMemory(`The engine ran out of memory (${how})`);
  if (signal === 'SIGKILL' || code === 137) return outOfMemory('The engine was killed from outside (SIGKILL), most likely by the system because memory ran out');
  return {
    kind: 'engine',
    code: 'engine.crashed',
    message: `The engine crashed (${how}). Nothing was written.`,
    todo: 'Run again; if it crashes again, choose the backend `wasm` and report this with the log.',
  };
}

function notStarted(error: Error): Failure {
  return {
    kind: 'engine',
    code: 'engine.start',
    message: `The engine process could not be started: ${error.message}.`,
    todo: 'Check the Node that is configured for the engine.',
  };
}

function unexpected(event: EngineEvent): FinePruneError {
  return new FinePruneError({ kind: 'engine', code: 'engine.internal', message: `The engine ended with an unexpected '${event.type}'.`, todo: 'This is a defect of Fine-Prune: please report it.' });
}
