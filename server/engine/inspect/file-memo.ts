import { stat } from 'node:fs/promises';

/**
 * Remembers what was made from files for as long as they are the same by path, size, inode and times: reading and hashing a
 * data set takes longer than a person waits, looking at its directory entries does not.
 */
export class MadeFromFiles<T> {
  private readonly known = new Map<string, { signature: string; files: readonly string[]; value: T }>();

  /** @param most how many values are kept; the one used longest ago goes first */
  constructor(private readonly most: number) {}

  /** The value for a key, made anew when one of its files has changed. `make` tells which files it has read. */
  async get(key: string, make: () => Promise<{ value: T; files: readonly string[] }>): Promise<T> {
    const known = this.known.get(key);
    if (known && (await signatureOf(known.files)) === known.signature) {
      this.known.delete(key);
      this.known.set(key, known);
      return known.value;
    }
    const { value, files } = await make();
    this.known.delete(key);
    this.known.set(key, { value, files, signature: await signatureOf(files) });
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

async function signatureOf(files: readonly string[]): Promise<string> {
  const each = await Promise.all(files.map(async (file) => {
    const found = await stat(file, { bigint: true }).catch(() => null);
    return found ? `${file}|${found.size}|${found.mtimeNs}|${found.ctimeNs}|${found.ino}` : `${file}|gone`;
  }));
  return each.join('\n');
}
