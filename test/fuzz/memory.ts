import { readFileSync, writeFileSync } from 'node:fs';

/** Bytes above which reading an input may not go: 64 MB and four times what it takes on the disk, above the process before. */
export const memoryBound = (sizeOnDisk: number): number => (64 << 20) + 4 * sizeOnDisk;

/** Peak memory of a process, in bytes, where the system says it: on Linux. */
export class PeakMemory {
  constructor(private readonly pid: number | 'self' = 'self') {}

  /** Begins a new measurement. @returns resident memory now; null where nothing can be measured */
  begin(): number | null {
    try {
      writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
      return this.status('VmRSS');
    } catch {
      return null;
    }
  }

  /** The most resident memory since `begin`. */
  peak(): number | null {
    try {
      return this.status('VmHWM');
    } catch {
      return null;
    }
  }

  private status(field: string): number {
    const text = readFileSync(`/proc/${this.pid}/status`, 'latin1');
    const [, kilobytes] = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(text)!;
    return Number(kilobytes) * 1024;
  }
}
