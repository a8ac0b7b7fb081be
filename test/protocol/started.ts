import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const TSX = ['--import', pathToFileURL(createRequire(__filename).resolve('tsx')).href];

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts a program of ours; `out` gives what it has printed so far. */
export function start(
  file: string,
  args: string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): { child: ChildProcess; out: () => string; finished: Promise<Finished> } {
  const child = spawn(process.execPath, [...(file.endsWith('.ts') ? TSX : []), file, ...args], {
    ...options,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const finished = new Promise<Finished>((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
  return { child, out: () => stdout + stderr, finished };
}
