/** How long to look for something, and how often. */
export interface PollOptions {
  /** Give up after this many milliseconds. Default 15,000. */
  readonly deadlineMs?: number;
  /** Milliseconds between two looks. Default 50, and 200 once it has been looked for two seconds: looking costs time, too. */
  readonly intervalMs?: number;
}

/**
 * Looks again and again until `probe` answers with something truthy, and returns that.
 * A probe that throws counts as "not yet"; its error is named if the deadline passes.
 * @param what names the thing waited for, for the error message
 * @throws Error when the deadline passes
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | Promise<T>,
  { deadlineMs = 15_000, intervalMs }: PollOptions = {},
): Promise<Exclude<T, undefined | null | false | 0 | ''>> {
  const began = Date.now();
  const deadline = began + deadlineMs;
  let lastError: unknown;
  for (;;) {
    try {
      const value = await probe();
      if (value) return value as Exclude<T, undefined | null | false | 0 | ''>;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (Date.now() >= deadline) {
      const because = lastError instanceof Error ? `: ${lastError.message}` : '';
      throw new Error(`waited ${deadlineMs / 1000} s in vain for ${what}${because}`);
    }
    await new Promise((resolve) => setTimeout(resolve, intervalMs ?? (Date.now() < began + 2_000 ? 50 : 200)));
  }
}
