import { stat } from 'node:fs/promises';

/** Remembers what was computed from a file until its size or time of change differ. Calls at the same time share the work. */
export class FileMemo<T> {
  private readonly entries = new Map<string, { stamp: string; value: Promise<T> }>();

  /** @param compute may reject; a rejection is not remembered */
  constructor(private readonly compute: (file: string) => Promise<T>) {}

  /** @throws the error of `stat` when the file is not there */
  async get(file: string): Promise<T> {
    const stamp = await stampOf(file);
    const known = this.entries.get(file);
    if (known?.stamp === stamp) return known.value;
    const value = this.compute(file);
    this.entries.set(file, { stamp, value });
    value.catch(() => {
      if (this.entries.get(file)?.value === value) this.entries.delete(file);
    });
    return value;
  }
}

/** Changes whenever a file is replaced or rewritten, as far as the file system tells. */
export async function stampOf(file: string): Promise<string> {
  const { mtimeNs, size, ino } = await stat(file, { bigint: true });
  return `${mtimeNs}:${size}:${ino}`;
}
