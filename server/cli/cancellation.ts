import os from 'node:os';
import { cancelled } from '../protocol/errors';

/** What ends a command: Ctrl-C, a `kill`, the terminal's closing. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type EndingSignal = (typeof SIGNALS)[number];

/** What has not tidied up by then is ended as it is; the engine process is gone before. */
const END_WITHIN_MS = 1_850;

let heard: EndingSignal | undefined;

/** Does work that an end signal cancels; see `withCancellation`. */
export type Cancellable = <T>(work: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** The exit code of a cancelled command: 128 and the signal's number, 130 for Ctrl-C, as a shell says it of a program that the signal ends. */
export function exitCodeOfCancellation(): number {
  return 128 + os.constants.signals[heard ?? 'SIGINT'];
}

/**
 * Does work that Ctrl-C cancels. The first Ctrl-C (or SIGTERM, or the terminal's closing) fires the signal and lets the work tidy up, at
 * most 2 s; the second ends the process at once, and the engine process with it.
 *
 * Only around work that waits for other processes. Everywhere else nobody listens, and a signal ends the process by itself, whatever it is
 * computing at that moment: a listener would have to wait for its turn.
 *
 * @param say tells the person that it was heard
 */
export async function withCancellation<T>(
  say: (text: string) => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (heard) throw cancelled();
  const controller = new AbortController();
  const end = (): void => process.exit(exitCodeOfCancellation());
  let deadline: NodeJS.Timeout | undefined;
  const stop = (name: EndingSignal): void => {
    if (heard) return end();
    heard = name;
    deadline = setTimeout(end, END_WITHIN_MS);
    say('Cancelling. Press Ctrl-C again to force quit.');
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(deadline);
    for (const name of SIGNALS) process.removeListener(name, stop);
  }
}
