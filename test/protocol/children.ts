import { readdirSync, readFileSync } from 'node:fs';
import type { LanguageClient } from './language-client';

/** Ids of the processes that a process has started. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => {
      try {
        return Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${one}/stat`, 'utf8'))?.[1]) === pid;
      } catch {
        return false;
      }
    });
}

/** The engine process that a server has started, the first one of several; undefined when there is none. */
export function engineOf({ server }: LanguageClient): number | undefined {
  return childrenOf(server.pid!).find((pid) => {
    try {
      return /worker\.(ts|js)/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    } catch {
      return false;
    }
  });
}
