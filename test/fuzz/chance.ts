import { randomStream, type RandomStream } from '../../server/engine/data/random';

/** Draws of one input. The same seed, kind and number give the same input on every machine. */
export class Chance {
  private readonly stream: RandomStream;

  constructor(seed: number, kind: string, number: number) {
    this.stream = randomStream(seed, `fuzz/${kind}/${number}`);
  }

  /** A whole number from 0 to `below` − 1. */
  integer(below: number): number {
    return this.stream.integer(below);
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.stream.integer(most - least + 1);
  }

  /** True in a share `probability` of the draws. */
  happens(probability: number): boolean {
    return this.stream.unit() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.stream.integer(list.length)]!;
  }

  /** One, two or three, the fewer the likelier. */
  few(): number {
    return this.pick([1, 1, 1, 2, 2, 3]);
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.stream.integer(256)));
  }

  shuffled<T>(list: readonly T[]): T[] {
    const order = [...list];
    for (let last = order.length - 1; last > 0; last--) {
      const other = this.stream.integer(last + 1);
      [order[last], order[other]] = [order[other]!, order[last]!];
    }
    return order;
  }
}
