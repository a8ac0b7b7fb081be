import os from 'node:os';

/**
 * Milliseconds that something may take which takes at most so many on an idle machine: in proportion more where more processes want to
 * run than there are cores, as in a run of all tests.
 */
export function allowed(milliseconds: number): number {
  return milliseconds * Math.max(1, os.loadavg()[0]! / os.availableParallelism());
}
