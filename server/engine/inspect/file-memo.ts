import { stat } from 'node:fs/promises';

/** File systems stamp files with a clock that may lag behind by a tick. */
const CLOCK_MS = 50;

/**
 * Remembers what was made from files for as long as they are the same by path, size, inode and times: reading and hashing a
 * data set takes longer than a person waits, looking at its directory entries does not.
 */
export class MadeFromFiles<T> {
  private readonly known = new Map<string, { signature: string | null; files: readonly string[]; value: T }>();

  /** @param most how many values are kept; the one used longest ago goes first */
  constructor(private readonly most: number) {}

  /** The value for a key, made again when one of its files has changed. `make` tells which files it has read. */
  async get(key: string, make: () => Promise<{ value: T; files: readonly string[] }>): Promise<T> {
    const known = this.known.get(key);
    if (known?.signature && known.signature === (await signatureOf(known.files))) {
      this.known.delete(key);
      this.known.set(key, known);
      return known.value;
    }
    const begun = Date.now() - CLOCK_MS;
    const { value, files } = await make();
    const signature = await signatureOf(files, begun);
    this.known.delete(key);
    this.known.set(key, { value, files, signature });
    for (const oldest of this.known.keys()) {
      if (this.known.size <= this.most) break;
      this.known.delete(oldest);
    }
    return value;
  }

  values(): T[] {
    return [...this.known.values()].map(({ value }) => value);
  }
}

/** @returns null where a file was changed since `begun` or is gone: nobody knows then whether the old or the new one was read */
async function signatureOf(files: readonly string[], begun = Infinity): Promise<string | null> {
  const found = await Promise.all(files.map((file) => stat(file, { bigint: true }).catch(() => null)));
  if (found.some((one) => one === null || Number(one.ctimeMs) >= begun)) return null;
  return found.map((one, i) => `${files[i]}|${one!.size}|${one!.mtimeNs}|${one!.ctimeNs}|${one!.ino}`).join('\n');
}
