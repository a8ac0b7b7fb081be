import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random numbers. */
export interface RandomStream {
  /** Uniform whole number from 0 to `below` − 1, without modulo bias. */
  integer(below: number): number;
  /** Uniform number in [0, 1), a multiple of 2⁻²⁴. */
  unit(): number;
}

/**
 * A stream of its own for each purpose, so that a change to one draw (say, more held-out images) leaves the others as they were.
 * xoroshiro128+ whose 128 bits of state are the first 16 bytes, as four big-endian integers, of
 * SHA-256("fine-prune/" + purpose + "/" + seed).
 */
export function randomStream(seed: number, purpose: string): RandomStream {
  const digest = createHash('sha256').update(`fine-prune/${purpose}/${seed}`).digest();
  const generator = xoroshiro128plusFromState([0, 4, 8, 12].map((offset) => digest.readInt32BE(offset)));
  return {
    integer: (below) => uniformInt(generator, 0, below - 1),
    unit: () => uniformFloat32(generator),
  };
}

/** The numbers 0 … n − 1 in random order (Fisher–Yates, from the last place down), the same for the same seed and purpose. */
export function shuffled(n: number, seed: number, purpose = 'shuffle'): Int32Array {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const random = randomStream(seed, purpose);
  for (let last = n - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    const value = order[last]!;
    order[last] = order[other]!;
    order[other] = value;
  }
  return order;
}

/** `count` of the given indices, drawn without replacement, ascending; all of them when there are no more. */
export function drawn(indices: Int32Array, count: number, seed: number, purpose: string): Int32Array {
  if (count >= indices.length) return indices.slice();
  return shuffled(indices.length, seed, purpose)
    .subarray(0, count)
    .map((position) => indices[position]!)
    .sort();
}
