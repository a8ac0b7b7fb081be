/** Training images that are held out at most where a config does not say how many. */
export const DEFAULT_HOLDOUT = 5000;
/** A scan measures on so many held-out images at least. */
export const LEAST_HELD_OUT = 25;

/** How a resolved config records what is asked for. */
interface Recorded {
  holdout: number;
  holdoutNamed?: true;
}

/** What a config asks for, as it is recorded: one that leaves it out keeps the hash that it had before a named 5,000 meant something else. */
export function recordedHoldout(asked: number | null): Recorded {
  return { holdout: asked ?? DEFAULT_HOLDOUT, ...(asked === DEFAULT_HOLDOUT && { holdoutNamed: true }) };
}

/** The number that a config names; null where it leaves it out. */
export function namedHoldout({ holdout, holdoutNamed }: Recorded): number | null {
  return holdout === DEFAULT_HOLDOUT && !holdoutNamed ? null : holdout;
}

/**
 * How many of `train` training images are held out.
 *
 * @param asked the number that a config names, at most half of the images; null for a fifth of them, at most 5,000, and no fewer than a
 *   scan needs where half of them are enough
 */
export function heldOutImages(train: number, asked: number | null): number {
  const half = Math.floor(train / 2);
  return Math.min(half, asked ?? Math.min(DEFAULT_HOLDOUT, Math.max(LEAST_HELD_OUT, Math.floor(train / 5))));
}
