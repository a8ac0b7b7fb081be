/** A value that knows how much memory it holds. */
export interface Held {
  readonly bytes: number;
  /** Gives back what the garbage collector can't: tensors. */
  dispose(): void;
}

/** Least recently used values go first when all of them together hold more than `limit` bytes; the newest one stays in any case. */
export class ByteCache<T extends Held> {
  private readonly entries = new Map<string, T>();

  constructor(private readonly limit: number) {}

  get(key: string): T | undefined {
    const value = this.entries.get(key);
    if (value === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, value);
    return value;
  }

  set(key: string, value: T): void {
    this.remove(key);
    this.entries.set(key, value);
    this.shrink();
  }

  /** Lets old values go before a new one is made that will hold about so many bytes: at no time are there more than `limit`. */
  makeRoom(bytes: number): void {
    for (const key of this.entries.keys()) {
      if (this.bytes + bytes <= this.limit) return;
      this.remove(key);
    }
  }

  /** Call it after a value has grown. */
  shrink(): void {
    for (const key of this.entries.keys()) {
      if (this.bytes <= this.limit || this.entries.size <= 1) return;
      this.remove(key);
    }
  }

  /** Removes every entry whose key fits. */
  removeWhere(fits: (key: string) => boolean): void {
    for (const key of [...this.entries.keys()]) if (fits(key)) this.remove(key);
  }

  values(): T[] {
    return [...this.entries.values()];
  }

  get size(): number {
    return this.entries.size;
  }

  get bytes(): number {
    let sum = 0;
    for (const { bytes } of this.entries.values()) sum += bytes;
    return sum;
  }

  private remove(key: string): void {
    this.entries.get(key)?.dispose();
    this.entries.delete(key);
  }
}
