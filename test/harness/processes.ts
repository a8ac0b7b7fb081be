import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { waitFor } from './poll';

type Cleanup = () => Promise<void>;

const groups = new Set<number>();
const tempDirs = new Set<string>();
const cleanups = new Set<Cleanup>();
let watching = false;

/** The last resort, when the process ends with things still open: nothing asynchronous runs here. */
function dropEverythingNow(): void {
  for (const pid of groups) signalGroup(pid, 'SIGKILL');
  for (const dir of tempDirs) rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

function watchForTheEnd(): void {
  if (watching) return;
  watching = true;
  process.on('exit', dropEverythingNow);
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    process.once(signal, () => {
      void shutDown().finally(() => process.exit(128 + number));
    });
  }
}

/** Runs every registered clean-up, the newest first; one that fails does not stop the others. */
export async function shutDown(): Promise<void> {
  for (const cleanup of [...cleanups].reverse()) {
    await cleanup().catch((error: unknown) => console.error('clean-up failed:', error));
  }
}

/**
 * Registers what has to be undone when the process is interrupted.
 * @returns a function that does it now, once, and takes it off the list
 */
export function onShutdown(cleanup: Cleanup): Cleanup {
  watchForTheEnd();
  let running: Promise<void> | undefined;
  const once: Cleanup = () => (running ??= cleanup().finally(() => cleanups.delete(once)));
  cleanups.add(once);
  return once;
}

/** Makes a temporary folder (its real path) that is gone when the process ends, however it ends. */
export function makeTempDir(prefix = 'fp-'): { readonly dir: string; remove(): Promise<void> } {
  watchForTheEnd();
  const dir = mkdtempSync(path.join(realpathSync(os.tmpdir()), prefix));
  tempDirs.add(dir);
  return {
    dir,
    remove: async () => {
      await rm(dir, { recursive: true, force: true, maxRetries: 5 });
      tempDirs.delete(dir);
    },
  };
}

function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false; // nobody of the group is left
  }
}

/** A process with all its descendants, started in a group of its own. */
export interface ProcessGroup {
  readonly pid: number;
  /** Resolves with the exit code, or with the name of the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  /** False once the leader has ended. */
  running(): boolean;
  /** What it has written so far, standard output and error together. */
  output(): string;
  /** SIGTERM to the group, SIGKILL after 5 s to what is left. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a command in its own process group, its output going to `logFile`.
 * A file and not a pipe: a full pipe would block the command, and the log outlives it.
 * @throws Error when the command cannot be started
 */
export async function startGroup(
  command: string,
  args: readonly string[],
  options: { readonly logFile: string; readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
): Promise<ProcessGroup> {
  const log = openSync(options.logFile, 'a');
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const exited = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid as number;
  groups.add(pid);
  const running = (): boolean => child.exitCode === null && child.signalCode === null;
  const stop = onShutdown(async () => {
    if (signalGroup(pid, 'SIGTERM')) {
      const gone = waitFor('the process group to end', () => !signalGroup(pid, 0), { deadlineMs: 5_000 });
      await gone.catch(() => signalGroup(pid, 'SIGKILL'));
      await exited;
    }
    groups.delete(pid);
  });
  return { pid, exited, running, stop, output: () => readFileSync(options.logFile, 'utf8') };
}

/**
 * Runs a command to its end and returns its output.
 * @throws Error with the end of the output when it fails or takes longer than `deadlineMs` (default 10 min)
 */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly deadlineMs?: number } = {},
): Promise<string> {
  const temp = makeTempDir();
  const deadlineMs = options.deadlineMs ?? 600_000;
  try {
    const group = await startGroup(command, args, { ...options, logFile: path.join(temp.dir, 'log') });
    try {
      await waitFor(`'${command}' to end`, () => !group.running(), { deadlineMs });
      const code = await group.exited;
      if (code !== 0) {
        const tail = group.output().trimEnd().split('\n').slice(-15).join('\n');
        throw new Error(`'${command} ${args.join(' ')}' ended with ${code}:\n${tail}`);
      }
      return group.output();
    } finally {
      await group.stop();
    }
  } finally {
    await temp.remove();
  }
}
