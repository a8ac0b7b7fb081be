/** Milliseconds between two progress events: ten a second are all that a person can read. */
export const INTERVAL_MS = 100;

/**
 * Lets something through at most every so many milliseconds. What ends something, or begins another thing, is not asked for: it is let
 * through, and counts.
 */
export class Throttle {
  private at = -Infinity;

  constructor(
    private readonly interval = INTERVAL_MS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Whether it may pass, and then it has passed. @param always whether it passes in any case */
  passes(always = false): boolean {
    const now = this.now();
    if (!always && now - this.at < this.interval) return false;
    this.at = now;
    return true;
  }
}
