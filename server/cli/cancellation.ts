/**
 * Does work that Ctrl-C cancels. The first Ctrl-C (or SIGTERM, or the terminal's closing) fires the signal and lets the
 * work tidy up; the second ends the process at once, and the engine process with it.
 *
 * @param say tells the person that it was heard
 */
export async function withCancellation<T>(
  say: (text: string) => void,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    say('Cancelling. Press Ctrl-C again to force quit.');
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, stop);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of signals) process.removeListener(name, stop);
  }
}
