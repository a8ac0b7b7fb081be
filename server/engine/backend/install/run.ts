import { spawn } from 'node:child_process';

export interface RunOptions {
  cwd?: string;
  /** Also decides, by its PATH, which program is meant. */
  env: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  timeoutMs?: number;
  /** Only for `.cmd` files of Windows, with arguments that hold no paths. */
  shell?: boolean;
}

export interface RunResult {
  /** Exit code, or null when a signal ended the program. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Ended by us, because it took longer than `timeoutMs`. */
  timedOut: boolean;
}

const KEPT_OUTPUT = 1 << 18;

/**
 * Runs a program to its end and keeps the tail of what it prints (256 KB).
 * An abort ends the whole process group, since g++ and pip do their work in children.
 * @throws the abort's reason, or Node's error when the program cannot be started (`code: 'ENOENT'`)
 */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const grouped = process.platform !== 'win32';
  const child = spawn(command, args, {
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { ...options.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: grouped,
    shell: options.shell ?? false,
    windowsHide: true,
  });
  const end = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(grouped ? -child.pid : child.pid, 'SIGKILL');
    } catch {
      // It ended by itself in the meantime.
    }
  };
  let timedOut = false;
  const timer =
    options.timeoutMs === undefined ? undefined : setTimeout(() => ((timedOut = true), end()), options.timeoutMs);
  options.signal?.addEventListener('abort', end, { once: true });
  try {
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]
        .setEncoding('utf8')
        .on('data', (text: string) => (output[name] = (output[name] + text).slice(-KEPT_OUTPUT)));
    }
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once('error', reject).once('close', (...how) => resolve(how));
    });
    options.signal?.throwIfAborted();
    return { code, signal, timedOut, ...output };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', end);
  }
}

/** Whether a program can be started at all. */
export async function canRun(command: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<boolean> {
  try {
    return (await run(command, ['--version'], { env, signal, timeoutMs: 30_000 })).code === 0;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

/** The line of a program's output that says why it failed: the first that names an error, else the last one. */
export function failureLine(result: Pick<RunResult, 'code' | 'stdout' | 'stderr' | 'timedOut'>): string {
  if (result.timedOut) return 'it took too long and was stopped';
  const lines = `${result.stdout}\n${result.stderr}`
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  const named =
    lines.find((line) => /(^|\s)(\w*Error|ERROR|error):/.test(line)) ??
    lines.find((line) => /\b(error|cannot|failed)\b/i.test(line));
  const line = named ?? lines.at(-1) ?? `it exited with code ${result.code} and no output`;
  return line.slice(0, 300).replace(/\.$/, '');
}
