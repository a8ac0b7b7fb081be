import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { built } from './built';

/** What a process has used. */
export interface Cost {
  /** Of all its threads, user and system. */
  cpuMs: number;
  /** The most memory that it ever had in RAM. */
  peakBytes: number;
}

export interface Answer extends Cost {
  /** Null when it was ended because it took too long. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command line as it is shipped, and says what it answered and used. @param mostMs it is ended after so long */
export async function costOfCommand(args: string[], cwd: string, mostMs = 60_000): Promise<Answer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cost-'));
  const used = path.join(folder, 'used.json');
  try {
    const child = spawn(
      process.execPath,
      ['--require', path.join(__dirname, 'usage.cjs'), process.env.FINE_PRUNE_CLI ?? built('cli'), ...args],
      { cwd, env: { ...process.env, FINE_PRUNE_USAGE: used }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const text = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].on('data', (chunk: Buffer) => (text[stream] += chunk.toString()));
    const timer = setTimeout(() => child.kill('SIGKILL'), mostMs);
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearTimeout(timer);
    const cost =
      code === null ? { cpuMs: Infinity, peakBytes: Infinity } : (JSON.parse(await readFile(used, 'utf8')) as Cost);
    return { code, ...text, ...cost };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a process that still runs has used; Linux alone says so. */
export function costOfProcess(pid: number): Cost {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1];
  // A hundred ticks a second, on every Linux that Node runs on.
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, peakBytes: Number(peak) * 1024 };
}
