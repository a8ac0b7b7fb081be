import { spawnSync } from 'node:child_process';

/**
 * Whether a process does anything. One that has ended but was not yet collected by its parent (a zombie) is dead: an orphan
 * may stay so for a while, and signals still seem to reach it.
 */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}
