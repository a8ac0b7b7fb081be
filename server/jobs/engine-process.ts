import { existsSync } from 'node:fs';
import path from 'node:path';
import type {
  EngineCommand,
  EngineEvent,
  MeasureOutcome,
  MeasureRequest,
  PoisonTrainOutcome,
  PoisonTrainRequest,
  RunOutcome,
  RunRequest,
} from '../protocol/messages/engine';
import { cancelled, FinePruneError } from '../protocol/errors';
import type { ScanOutcome, ScanRequest } from '../protocol/report/scan';
import type { OneDnnFault } from '../engine/backend/one-dnn';
import { forget, notStarted, startChild, tail, tell, whyItDied, type ChildOptions } from './engine-child';
import { withOutput } from './output';
import { EngineFailure, retriedWithoutOneDnn } from './one-dnn-retry';
import {
  CARD_FILE,
  CONFIG_FILE,
  DEFENDED_ENDING,
  MARKDOWN_ENDING,
  MODEL_FILE,
  REPORT_FILE,
  SCAN_FILE,
  scanBase,
} from '../protocol/files';

export interface EngineProcessOptions extends ChildOptions {
  /** Every event but the last, and what goes wrong beside the run, as it comes. */
  onEvent(event: EngineEvent): void;
  /** Cancels: the process is gone within 2 s. */
  signal: AbortSignal;
  /** Told the id of the process when it has started; again when another one takes over, without oneDNN. */
  onStart?(pid: number): void;
  /** Where the run was started, for other runs that find its lock. Default `another run`. */
  startedFrom?: string;
}

/** A cancel is a message; if that does not help in time, a signal that can be handled; then one that can't. */
const SIGTERM_AFTER_MS = 1_100;
const SIGKILL_AFTER_MS = 1_500;
/** A process that has reported its outcome may take this long to end. */
const EXIT_WITHIN_MS = 2_000;

/**
 * Runs the defense in a process of its own, with the lock on its output held meanwhile.
 *
 * @returns what was written, once the process has ended
 * @throws FinePruneError what the engine reports; `engine.crashed` or `engine.outOfMemory` when it dies; `engine.start` when it
 *   can't be started; `output.…` from the lock; `cancelled` when the signal fires
 */
export async function startEngine(request: RunRequest, options: EngineProcessOptions): Promise<RunOutcome> {
  const name = CONFIG_FILE.nameOf(path.basename(request.config));
  const output = {
    folder: path.resolve(request.out ?? path.dirname(request.config)),
    name,
    limits: { root: request.root, folders: request.allowedFolders },
    files: [REPORT_FILE.named(name), `${name}${MARKDOWN_ENDING}`, `${name}${DEFENDED_ENDING}`],
  };
  // A config that is not there is the engine's to report; a lock would make its folder.
  const run = (signal: AbortSignal): Promise<EngineEvent> =>
    supervise(
      { type: 'run', request },
      { ...options, signal, threads: request.overrides?.threads ?? options.threads ?? 1 },
    );
  const last = existsSync(request.config) ? await withOutput(output, options, run) : await run(options.signal);
  if (last.type !== 'done') throw unexpected(last);
  return last.outcome;
}

/**
 * Makes a backdoored model in a process of its own, with the lock on its output held meanwhile.
 *
 * @throws FinePruneError as startEngine does
 */
export async function startPoisonTrain(
  request: PoisonTrainRequest,
  options: EngineProcessOptions,
): Promise<PoisonTrainOutcome> {
  const output = {
    folder: path.resolve(request.out),
    name: request.name,
    limits: { root: request.root, folders: [] },
    files: [MODEL_FILE, CONFIG_FILE.named(request.name), CARD_FILE],
  };
  const last = await withOutput(output, options, (signal) =>
    supervise({ type: 'poison-train', request }, { ...options, signal, threads: request.threads }),
  );
  if (last.type !== 'poison-trained') throw unexpected(last);
  return last.outcome;
}

/**
 * Measures committed models again in a process of its own. Nothing is written, so nothing is locked.
 *
 * @throws FinePruneError as startEngine does, but for the lock
 */
export async function startMeasure(request: MeasureRequest, options: EngineProcessOptions): Promise<MeasureOutcome> {
  const last = await supervise(
    { type: 'measure', request },
    { ...options, threads: request.overrides?.threads ?? options.threads ?? 1 },
  );
  if (last.type !== 'measured') throw unexpected(last);
  return last.outcome;
}

/**
 * Searches a model for triggers in a process of its own, with the lock on its output held meanwhile, where it writes any.
 *
 * @throws FinePruneError as startEngine does
 */
export async function startScan(request: ScanRequest, options: EngineProcessOptions): Promise<ScanOutcome> {
  const { out } = request;
  const scan = (signal: AbortSignal): Promise<EngineEvent> =>
    supervise({ type: 'scan', request }, { ...options, signal, threads: request.threads });
  const [root, ...folders] = request.allowedFolders;
  const last = out
    ? await withOutput(
        {
          folder: path.resolve(out.folder),
          name: scanBase(out.name),
          limits: { root, folders },
          files: [SCAN_FILE.named(out.name)],
        },
        options,
        scan,
      )
    : await scan(options.signal);
  if (last.type !== 'scanned') throw unexpected(last);
  return last.outcome;
}

type Work = Exclude<EngineCommand, { type: 'cancel' }>;

/** Has a process do the work, or a second one without oneDNN where the first dies of that. */
function supervise(command: Work, options: EngineProcessOptions): Promise<EngineEvent> {
  return retriedWithoutOneDnn(
    (fault) => superviseOne(command, options, fault),
    (message) => options.onEvent({ type: 'log', level: 'warn', message }),
  );
}

/** Starts the process, sends the command when it is ready, and sees to its end, whatever that is. */
function superviseOne(command: Work, options: EngineProcessOptions, fault: OneDnnFault | null): Promise<EngineEvent> {
  const { onEvent, signal } = options;
  if (signal.aborted) return Promise.reject(cancelled());
  const child = startChild(options, fault);
  const log = tail(child);

  return new Promise((resolve, reject) => {
    const timers = new Set<NodeJS.Timeout>();
    const killLater = (by: NodeJS.Signals, ms: number): void => void timers.add(setTimeout(() => child.kill(by), ms));
    let last: EngineEvent | undefined;
    let onWasm = false;

    const cancel = (): void => {
      tell(child, { type: 'cancel' });
      killLater('SIGTERM', SIGTERM_AFTER_MS);
      killLater('SIGKILL', SIGKILL_AFTER_MS);
    };
    signal.addEventListener('abort', cancel, { once: true });

    child.on('message', (event: EngineEvent) => {
      if (event.type === 'ready') tell(child, command);
      if (event.type === 'backend') onWasm = event.name === 'wasm';
      if (
        event.type === 'done' ||
        event.type === 'poison-trained' ||
        event.type === 'measured' ||
        event.type === 'scanned' ||
        event.type === 'failed'
      ) {
        last = event;
        killLater('SIGKILL', EXIT_WITHIN_MS);
      } else onEvent(event);
    });

    const settle = (how: { code: number | null; signal: NodeJS.Signals | null } | { error: Error }): void => {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      forget(child);
      // What was written is written, even if the cancel came in the last moment.
      if (last && last.type !== 'failed') return resolve(last);
      if (signal.aborted) return reject(cancelled());
      const text = log();
      const failure = last?.failure ?? ('error' in how ? notStarted(how.error) : whyItDied(how.code, how.signal, text));
      if (text && failure.kind === 'engine')
        onEvent({ type: 'log', level: 'warn', message: `Engine output before it exited:\n${text}` });
      reject(
        new EngineFailure(
          failure,
          onWasm || 'error' in how ? null : { failure: last?.failure, ...how },
          new Error(text),
        ),
      );
    };
    child.once('spawn', () => options.onStart?.(child.pid ?? 0));
    child.once('error', (error) => {
      if (child.pid === undefined) settle({ error });
    });
    // 'close' and not 'exit': the last message and the last words may still be in their pipes.
    child.once('close', (code, by) => settle({ code, signal: by }));
  });
}

function unexpected(event: EngineEvent): FinePruneError {
  return new FinePruneError({
    kind: 'engine',
    code: 'engine.internal',
    message: `The engine ended with an unexpected '${event.type}'.`,
    todo: 'This is a bug in Fine-Prune: please report it.',
  });
}
